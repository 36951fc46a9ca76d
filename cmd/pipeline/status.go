package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/status"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// almostFull is how much free disk is so little that pushes and builds fail.
const almostFull = 256 << 20

func (a *app) statusCommand() *cobra.Command {
	var secrets bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show containers, runners, runs, published images and disk use",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), secrets) },
	}
	cmd.Flags().BoolVar(&secrets, "show-secrets", false, "also show the passwords")
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) status(ctx context.Context, secrets bool) error {
	p, err := a.project()
	if err != nil {
		return err
	}
	set, err := a.settings(p, nil)
	if err != nil {
		return err
	}
	cli, facts, err := dockerhost.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = cli.Close() }()
	outputs, outErr := a.outputs(ctx, p)
	var f *gitea.Client
	if output(outputs, "adminPassword") != "" {
		f = gitea.New(set.url, output(outputs, "adminUser"), output(outputs, "adminPassword"), set.owner, set.name)
	}
	s := status.Gather(ctx, a.opts.stack, cli, f, set.registry)
	for _, disk := range doctor.Disks(doctor.Settings{Project: p, MinDisk: almostFull}, facts) {
		if disk.State == doctor.Failed {
			s.Disks = append(s.Disks, disk)
		}
	}
	if outErr != nil && !errors.Is(outErr, pulumi.ErrNone) {
		s.Problems = append(s.Problems, outErr.Error())
	}
	for name, value := range outputs {
		into := &s.URLs
		if value.Secret {
			into = &s.Secrets
		}
		if value.Secret && !secrets {
			continue
		}
		if *into == nil {
			*into = map[string]string{}
		}
		(*into)[name] = text(value.Value)
	}
	if a.opts.json {
		return a.printJSON(s)
	}
	a.printStatus(s)
	return nil
}

// outputs reads the stack's outputs from the state.
func (a *app) outputs(ctx context.Context, p project.Project) (auto.OutputMap, error) {
	if !pulumi.MayExist(p, a.opts.stack) {
		return nil, pulumi.ErrNone
	}
	cli, err := artifacts.Pulumi(ctx, p.Root, artifacts.NewProgress(a.err))
	if err != nil {
		return nil, part("the Pulumi CLI", err)
	}
	s, err := a.open(ctx, p, cli, noProgram, false)
	if err != nil {
		return nil, err
	}
	outputs, err := s.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	return outputs, nil
}

func (a *app) printStatus(s status.Status) {
	fmt.Fprintf(a.out, "stack %s: %s\n", s.Stack, s.State)
	a.report(s.Disks, true)
	for _, group := range []map[string]string{s.URLs, s.Secrets} {
		var rows [][]string
		for name := range group {
			rows = append(rows, []string{name, group[name]})
		}
		slices.SortFunc(rows, slices.Compare)
		a.out.Table(rows)
	}
	var containers, runners, runs, images, volumes [][]string
	for _, c := range s.Containers {
		containers = append(containers, []string{c.Name, string(c.State), or(c.Health, "-"), c.Status})
	}
	for _, r := range s.Runners {
		busy := "idle"
		if r.Busy {
			busy = "busy"
		}
		runners = append(runners, []string{r.Name, r.Status, busy})
	}
	for _, r := range s.Runs {
		took := "-"
		if r.Completed.After(r.Started) && r.Started.Year() > 2000 {
			took = ui.Duration(r.Completed.Sub(r.Started))
		}
		runs = append(runs, []string{fmt.Sprintf("#%d", r.Number), or(r.Conclusion, r.Status), took, r.Commit[:min(8, len(r.Commit))], r.Title})
	}
	for _, i := range s.Images {
		images = append(images, []string{i.Name, i.Tag, or(i.Digest, "-"), i.Created.Local().Format("2006-01-02 15:04")})
	}
	var total int64
	for _, v := range s.Volumes {
		size := "-"
		if v.Size >= 0 {
			size = ui.Bytes(v.Size)
			total += v.Size
		}
		volumes = append(volumes, []string{v.Name, size})
	}
	if len(volumes) > 0 {
		volumes = append(volumes, []string{"together", ui.Bytes(total)})
	}
	for _, part := range []struct {
		title string
		rows  [][]string
	}{{"Containers", containers}, {"Runners", runners}, {"Last runs", runs}, {"Published images", images}, {"Volumes", volumes}} {
		a.out.Section(part.title)
		if len(part.rows) == 0 {
			a.out.Line("none")
			continue
		}
		a.out.Table(part.rows)
	}
	if len(s.Problems) > 0 {
		a.out.Section("Could not be asked")
		for _, p := range s.Problems {
			a.out.Line("%s", p)
		}
	}
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
