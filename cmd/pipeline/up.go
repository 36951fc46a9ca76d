package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// The types of resources that the launcher looks for in an update.
const (
	seedType  = "gitea:index:RepositorySeed"
	imageType = "docker:index/remoteImage:RemoteImage"
)

// lockLimit bounds the wait for a Pulumi that outlived its launcher.
const lockLimit = 2 * time.Minute

type upFlags struct {
	config  []string
	refresh bool
	minDisk string
}

func (a *app) upCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the stack up, and wait until its first run is green",
		Long: `up checks the machine, gets the parts, creates or updates the stack, and follows
the first workflow run until its image can be pulled. Done again, it changes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context(), f) },
	}
	cmd.Flags().StringArrayVarP(&f.config, "config", "c", nil, "set a configuration key first, as key=value; kept in Pulumi.<stack>.yaml")
	cmd.Flags().BoolVar(&f.refresh, "refresh", false, "look at what is really there first, and put back what is missing")
	cmd.Flags().BoolVarP(&a.opts.yes, "yes", "y", false, "ask nothing (up never asks; for symmetry with down)")
	minDiskFlag(cmd, &f.minDisk)
	return cmd
}

func (a *app) up(ctx context.Context, f upFlags) error {
	start := time.Now()
	p, err := a.project()
	if err != nil {
		return err
	}
	least, err := doctor.MinDisk(f.minDisk)
	if err != nil {
		return &usageError{err}
	}
	set, err := a.settings(p, f.config)
	if err != nil {
		return err
	}
	release, err := pulumi.Lock(p.LockFile(a.opts.stack))
	if err != nil {
		return err
	}
	defer release()
	if err := pulumi.WholeData(p, a.opts.stack); err != nil {
		return err
	}

	a.out.Section("Checking this machine")
	if err := dockerhost.Ensure(ctx, dockerhost.Machine{}, a.out); err != nil {
		return err
	}
	results := doctor.Run(ctx, a.checks(p, set, nil, least, false))
	a.report(results, false)
	if doctor.AnyFailed(results) {
		return problem.New("checking this machine", errors.New("it cannot carry the stack as it is"), "mend what is marked failed above, then repeat")
	}
	a.out.State("ok", "%d checks", len(results))
	if len(f.config) > 0 {
		if err := config.Save(p, a.opts.stack, f.config); err != nil {
			return err
		}
	}

	a.out.Section("Getting the parts")
	t, err := a.parts(ctx, p, set.images)
	if err != nil {
		return err
	}

	a.out.Section(fmt.Sprintf("Updating stack %q", a.opts.stack))
	s, err := a.open(ctx, p, t.pulumi, program(p, set, t.images, a.out), true)
	if err != nil {
		return err
	}
	if err := s.InstallDockerPlugin(ctx, t.dockerPlugin, t.dockerPluginVersion); err != nil {
		return err
	}
	var more []optup.Option
	if f.refresh {
		more = append(more, optup.Refresh())
	}
	shown, outputs, err := a.update(ctx, p, s, more...)
	if err != nil {
		return err
	}
	if err := pulumi.EndRestoring(p, a.opts.stack); err != nil {
		return err
	}
	return a.afterUpdate(ctx, set, shown, outputs, start)
}

// update runs Pulumi and shows what it does.
func (a *app) update(ctx context.Context, p project.Project, s *pulumi.Stack, more ...optup.Option) (*ui.Display, auto.OutputMap, error) {
	if err := a.ready(ctx, p, s); err != nil {
		return nil, nil, err
	}
	start := time.Now()
	shown := ui.NewDisplay(a.out)
	stream, end := shown.Watch()
	outputs, err := s.Up(ctx, append(more, optup.EventStreams(stream), optup.SuppressProgress(), optup.SuppressOutputs())...)
	end()
	if err != nil {
		return nil, nil, a.updateError(p, shown, err)
	}
	if shown.Changed() == 0 {
		a.out.Line("nothing to change (%s)", ui.Duration(time.Since(start)))
	} else {
		a.out.Line("%d changes (%s)", shown.Changed(), ui.Duration(time.Since(start)))
	}
	return shown, outputs, nil
}

// ready makes good what an earlier command that was killed left behind.
func (a *app) ready(ctx context.Context, p project.Project, s *pulumi.Stack) error {
	if s.Local {
		if err := pulumi.AwaitLocks(ctx, p, a.opts.stack, lockLimit, a.out); err != nil {
			return err
		}
	}
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = cli.Close() }()
	if err := a.leftovers(ctx, cli); err != nil {
		return err
	}
	return s.Recover(ctx, cli, a.out)
}

func (a *app) updateError(p project.Project, shown *ui.Display, err error) error {
	why := strings.Join(unique(shown.Errors()), "\n")
	if why == "" {
		why = err.Error()
	}
	next := "mend what it says, then repeat this command; what was made is kept"
	if auto.IsConcurrentUpdateError(err) {
		next = "wait until the other update has ended, then repeat; pipeline doctor shows stale locks"
	}
	if shown.Failed(imageType) {
		log := p.ServiceBuildLog(a.opts.stack)
		if text, readErr := os.ReadFile(log); readErr == nil {
			a.out.Section("The end of the service image's build:")
			for _, line := range lastLines(string(text), 25) {
				a.out.Line("%s", line)
			}
			if lines := compilerLines(string(text)); len(lines) > 0 {
				why = "the service does not compile: " + strings.Join(lines, "\n")
			}
			next = "mend service/, then repeat; what ran before still runs (whole log: " + log + ")"
		}
	}
	return problem.New(fmt.Sprintf("updating stack %q", a.opts.stack), errors.New(why), next)
}

var compilerLine = regexp.MustCompile(`\S+\.go:\d+(:\d+)?: .*`)

// compilerLines are the Go compiler's own lines in a build's log.
func compilerLines(log string) []string {
	return unique(compilerLine.FindAllString(log, 5))
}

func unique(texts []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] && text != "update failed" {
			seen[text] = true
			kept = append(kept, text)
		}
	}
	return kept
}

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-n):]
}
