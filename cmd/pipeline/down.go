package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optremove"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

func (a *app) downCommand() *cobra.Command {
	var everything bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Take the stack down; its data stays unless --purge is given",
		Long: `down removes the stack's containers and networks and keeps its volumes: the next
up finds repositories, runs and packages again. With --purge it first lists, then
removes all that carries the stack's label, and the stack's Pulumi state.
When there is no such stack there is nothing to do: down says so and exits 0.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.down(cmd.Context(), everything) },
	}
	cmd.Flags().BoolVar(&everything, "purge", false, "also remove the data: everything with the stack's label")
	cmd.Flags().BoolVarP(&a.opts.yes, "yes", "y", false, "do not ask before --purge removes data")
	return cmd
}

func (a *app) down(ctx context.Context, everything bool) error {
	start := time.Now()
	p, err := a.project()
	if err != nil {
		return err
	}
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = cli.Close() }()
	exists := pulumi.MayExist(p, a.opts.stack)
	if !exists && !everything {
		return a.nothing(ctx, cli)
	}
	release, err := pulumi.Lock(p.LockFile(a.opts.stack))
	if err != nil {
		return err
	}
	defer release()

	if everything {
		if err := a.announce(ctx, cli); err != nil {
			return err
		}
	}
	var s *pulumi.Stack
	if err = pulumi.ErrNone; exists {
		s, err = a.destroy(ctx, p)
	}
	if errors.Is(err, pulumi.ErrNone) {
		if !everything {
			return a.nothing(ctx, cli)
		}
	} else if err != nil && !everything {
		return err
	} else if err != nil {
		if ctx.Err() != nil {
			return err
		}
		a.out.State("warning", "Pulumi could not take the stack down (%v); removing what carries its label", err)
	}
	if everything {
		return a.purge(ctx, p, cli, s, start)
	}
	return a.kept(ctx, cli, start)
}

// nothing says that there is no stack; what carries its label all the same is named.
func (a *app) nothing(ctx context.Context, cli *client.Client) error {
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	a.out.Line("there is no stack %q here: nothing to take down", a.opts.stack)
	if len(things) > 0 {
		a.out.Line("%d things carry its label; `pipeline down --stack %s --purge` removes them", len(things), a.opts.stack)
	}
	return nil
}

// destroy runs pulumi destroy. It needs no program, no plugin but docker's and no living forge.
func (a *app) destroy(ctx context.Context, p project.Project) (*pulumi.Stack, error) {
	a.out.Section(fmt.Sprintf("Taking stack %q down", a.opts.stack))
	progress := artifacts.NewProgress(a.out)
	pulumi, err := artifacts.Pulumi(ctx, p.Root, progress)
	if err != nil {
		return nil, part("the Pulumi CLI", err)
	}
	s, err := a.open(ctx, p, pulumi, noProgram, false)
	if err != nil {
		return nil, err
	}
	version, err := artifacts.DockerPluginVersion(p.Root)
	if err != nil {
		return s, err
	}
	plugin, err := artifacts.DockerPlugin(ctx, p.Root, progress)
	if err != nil {
		return s, part("the docker plugin", err)
	}
	if _, err := artifacts.GiteaPlugin(ctx, p.Root, progress); err != nil {
		return s, part("the gitea plugin", err)
	}
	if err := s.InstallDockerPlugin(ctx, plugin, version); err != nil {
		return s, err
	}
	if err := a.ready(ctx, p, s); err != nil {
		return s, err
	}
	shown := ui.NewDisplay(a.out)
	stream, end := shown.Watch()
	err = s.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(), optdestroy.SuppressOutputs())
	end()
	if err != nil {
		return s, a.updateError(p, shown, err)
	}
	return s, nil
}

func (a *app) kept(ctx context.Context, cli *client.Client, start time.Time) error {
	a.out.Section(fmt.Sprintf("Stack %q is down (%s)", a.opts.stack, ui.Duration(time.Since(start))))
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	for _, t := range things {
		a.out.Line("kept  %-9s %s", t.Kind, t.Name)
	}
	a.out.Line("`pipeline up --stack %s` finds its data again; `pipeline down --stack %s --purge` removes it", a.opts.stack, a.opts.stack)
	return nil
}

// announce lists what --purge will remove, and has it confirmed.
func (a *app) announce(ctx context.Context, cli *client.Client) error {
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	a.out.Section(fmt.Sprintf("This removes stack %q with all its data, for good:", a.opts.stack))
	for _, t := range things {
		a.out.Line("%-9s %s", t.Kind, t.Name)
	}
	a.out.Line("%-9s %s", "state", "Pulumi's state of the stack")
	return a.confirm(fmt.Sprintf("Type the stack's name (%s) to remove it:", a.opts.stack), a.opts.stack)
}

func (a *app) purge(ctx context.Context, p project.Project, cli *client.Client, s *pulumi.Stack, start time.Time) error {
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	if err := dockerhost.RemoveObjects(ctx, cli, things); err != nil {
		return problem.New("removing what carries the stack's label", err, "repeat the command; what is gone stays gone")
	}
	for _, t := range things {
		a.out.Line("%-11s %-9s %s", "removed", t.Kind, t.Name)
	}
	if s != nil {
		if err := s.Workspace().RemoveStack(ctx, a.opts.stack, optremove.Force()); err != nil {
			return fmt.Errorf("removing Pulumi's state of the stack: %w", err)
		}
	}
	if err := os.RemoveAll(p.StackDir(a.opts.stack)); err != nil {
		return fmt.Errorf("removing the stack's workspace: %w", err)
	}
	a.out.Section(fmt.Sprintf("Stack %q is gone (%s)", a.opts.stack, ui.Duration(time.Since(start))))
	return nil
}
