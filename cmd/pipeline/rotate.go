package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/rotate"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

func (a *app) rotateCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "rotate [secret ...]",
		Short: "Change the stack's secrets; without arguments, list them",
		Long: `rotate gives the named secrets, or all, new values; the old ones stop working.
A job that runs ends first. When it is cut off, the same command goes on from there.
Without arguments it lists the secrets, what each protects, and what rotating it does.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 && !all {
				return a.listSecrets()
			}
			secrets, err := rotate.Select(names, all)
			if err != nil {
				return &usageError{err}
			}
			return a.rotate(cmd.Context(), secrets, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every secret")
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) listSecrets() error {
	if a.opts.json {
		return a.printJSON(rotate.Secrets)
	}
	for _, s := range rotate.Secrets {
		a.out.Line("%-18s protects %s", s.Name, s.Protects)
		a.out.Line("%-18s rotate   %s", "", s.Does)
	}
	return nil
}

// rotation is one call of the command.
type rotation struct {
	app     *app
	project project.Project
	set     settings
	secrets []rotate.Secret
	docker  *client.Client
	tools   tools
	stack   *pulumi.Stack
	forge   *gitea.Client
}

func (a *app) rotate(ctx context.Context, secrets []rotate.Secret, all bool) error {
	start := time.Now()
	p, err := a.project()
	if err != nil {
		return err
	}
	if secrets, err = a.rotatable(secrets, all); err != nil {
		return err
	}
	set, err := a.settings(p, nil)
	if err != nil {
		return err
	}
	cli, release, err := a.hold(ctx, p)
	if errors.Is(err, pulumi.ErrNone) {
		return a.noStack(err)
	}
	if err != nil {
		return err
	}
	defer release()

	r := &rotation{app: a, project: p, set: set, secrets: secrets, docker: cli}
	if err := r.open(ctx); err != nil {
		return err
	}
	// The state first: it gives the administrator's new password to the rest.
	for _, place := range []struct {
		title string
		at    rotate.Place
		do    func(ctx context.Context, secrets []rotate.Secret) error
	}{
		{"Replacing what the stack holds", rotate.State, r.state},
		{"Having the forge make its secrets anew", rotate.Volume, r.volume},
		{"Registering the runners anew", rotate.Runner, r.runners},
		{"Encrypting the state anew", rotate.Passphrase, r.passphrase},
	} {
		chosen := rotate.At(secrets, place.at)
		if len(chosen) == 0 {
			continue
		}
		a.out.Section(place.title)
		if err := place.do(ctx, chosen); err != nil {
			return err
		}
		for _, s := range chosen {
			a.out.State("ok", "%s is a new one", s.Name)
		}
	}
	a.out.Section(fmt.Sprintf("%d secrets of stack %q are new (%s)", len(secrets), a.opts.stack, ui.Duration(time.Since(start))))
	return nil
}

// rotatable leaves out, or refuses, a passphrase that is not the launcher's own.
func (a *app) rotatable(secrets []rotate.Secret, all bool) ([]rotate.Secret, error) {
	if pulumi.OwnPassphrase() || len(rotate.At(secrets, rotate.Passphrase)) == 0 {
		return secrets, nil
	}
	const next = "pulumi stack change-secrets-provider passphrase"
	if !all {
		return nil, problem.New("rotating the passphrase", errors.New("it, or the state's backend, is yours and not the launcher's"), "run: "+next)
	}
	a.out.State("skipped", "passphrase: it, or the state's backend, is yours; run: %s", next)
	var kept []rotate.Secret
	for _, s := range secrets {
		if s.Place != rotate.Passphrase {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

func (a *app) noStack(err error) error {
	return problem.New(fmt.Sprintf("rotating secrets of stack %q", a.opts.stack), err, "bring it up first: pipeline up --stack "+a.opts.stack)
}

// open gets the parts and the stack, and waits for jobs that run.
func (r *rotation) open(ctx context.Context) error {
	a := r.app
	a.out.Section("Getting the parts")
	var err error
	if r.tools, err = a.parts(ctx, r.project, r.set.images); err != nil {
		return err
	}
	r.stack, err = a.open(ctx, r.project, r.tools.pulumi, program(r.project, r.set, r.tools.images, a.out), false)
	if errors.Is(err, pulumi.ErrNone) {
		return a.noStack(err)
	}
	if err != nil {
		return err
	}
	if err := r.stack.InstallDockerPlugin(ctx, r.tools.dockerPlugin, r.tools.dockerPluginVersion); err != nil {
		return err
	}
	outputs, err := r.stack.Outputs(ctx)
	if err != nil {
		return fmt.Errorf("reading the stack's outputs: %w", err)
	}
	r.ask(outputs)
	// After a rotation that was cut off the forge may be gone, or know another
	// password: then there is no job to wait for that could be seen.
	if _, err := r.forge.RunnersNamed(ctx, a.opts.stack); err != nil {
		a.out.Line("the forge cannot be asked for running jobs (%v); going on", err)
		return nil
	}
	return rotate.Idle(ctx, r.forge, a.opts.stack, a.out)
}

// ask talks to the forge with the administrator's password of the outputs.
func (r *rotation) ask(outputs auto.OutputMap) {
	r.forge = gitea.New(r.set.url, output(outputs, "adminUser"), output(outputs, "adminPassword"), r.set.owner, r.set.name)
}

func (r *rotation) state(ctx context.Context, secrets []rotate.Secret) error {
	var names []string
	for _, s := range secrets {
		names = append(names, s.Resource)
	}
	urns, err := r.stack.URNs(ctx, names...)
	if err != nil {
		return r.app.noStack(err)
	}
	_, outputs, err := r.app.update(ctx, r.project, r.stack, optup.Replace(urns))
	if err != nil {
		return err
	}
	r.ask(outputs)
	return nil
}

func (r *rotation) volume(ctx context.Context, secrets []rotate.Secret) error {
	rekey, err := artifacts.Rekey(ctx, r.project.Root, r.app.out)
	if err != nil {
		return part("the program that encrypts the forge's secrets anew", err)
	}
	if err := rotate.OnVolume(ctx, r.docker, r.app.opts.stack, secrets, rekey); err != nil {
		return err
	}
	for _, s := range secrets {
		if s.Name == rotate.JWTSecret {
			return rotate.JobEngines(ctx, r.docker, r.app.opts.stack)
		}
	}
	return nil
}

func (r *rotation) runners(ctx context.Context, _ []rotate.Secret) error {
	return rotate.Credentials(ctx, r.docker, r.app.opts.stack, r.forge, r.app.out)
}

func (r *rotation) passphrase(ctx context.Context, _ []rotate.Secret) error {
	return pulumi.RotatePassphrase(ctx, r.project, r.app.opts.stack, r.tools.pulumi, lockLimit, r.app.out)
}
