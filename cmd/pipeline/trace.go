package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/gather"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/render"
)

func (a *app) traceCommand() *cobra.Command {
	var svg string
	cmd := &cobra.Command{
		Use:   "trace [run]",
		Short: "Show where the time of a workflow run went",
		Long: `trace shows one workflow run as a timeline: what each job waited for, its set-up,
every step, and what came after. The run is a number as status shows it; by default
the newest. A run that goes on, or that failed, is shown as far as it went.

Times are from the jobs' and the runners' logs. What only the forge knows is
known to the second, and marked with ~.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var number int64
			if len(args) > 0 {
				var err error
				if number, err = strconv.ParseInt(args[0], 10, 64); err != nil || number < 1 {
					return &usageError{fmt.Errorf("the run %q is not a number as `pipeline status` shows it", args[0])}
				}
			}
			return a.trace(cmd.Context(), number, svg)
		},
	}
	cmd.Flags().StringVar(&svg, "svg", "", "also draw the timeline into this `file`")
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) trace(ctx context.Context, number int64, svg string) error {
	t, err := a.timeline(ctx, number)
	if err != nil {
		return err
	}
	if a.opts.json {
		err = a.printJSON(t)
	} else {
		render.Text(a.out, t)
	}
	if err != nil || svg == "" {
		return err
	}
	if err := render.SVG(svg, t); err != nil {
		return problem.New("drawing the timeline", err, "name a file that can be written: --svg FILE")
	}
	a.err.State("ok", "the timeline is drawn in %s", svg) // not into the JSON
	return nil
}

// timeline reads a run, the newest for 0.
func (a *app) timeline(ctx context.Context, number int64) (model.Timeline, error) {
	p, err := a.project()
	if err != nil {
		return model.Timeline{}, err
	}
	set, err := a.settings(p, nil)
	if err != nil {
		return model.Timeline{}, err
	}
	outputs, err := a.outputs(ctx, p)
	if err == nil && output(outputs, "adminPassword") == "" {
		err = pulumi.ErrNone
	}
	what := fmt.Sprintf("tracing a workflow run of stack %q", a.opts.stack)
	if errors.Is(err, pulumi.ErrNone) {
		return model.Timeline{}, problem.New(what, err, "bring it up first: pipeline up --stack "+a.opts.stack)
	}
	if err != nil {
		return model.Timeline{}, err
	}
	f := gitea.New(set.url, output(outputs, "adminUser"), output(outputs, "adminPassword"), set.owner, set.name)
	run, err := f.Numbered(ctx, number)
	if errors.Is(err, gitea.ErrNoRun) {
		return model.Timeline{}, problem.New(what, err, "see the last runs: pipeline status --stack "+a.opts.stack)
	}
	var records model.Records
	if err == nil {
		records, err = a.records(ctx, f, run)
	}
	if err != nil {
		return model.Timeline{}, problem.New(what, err, "see how the forge is: pipeline status --stack "+a.opts.stack)
	}
	return model.Assemble(records), nil
}

// records are what is known of a run, without the runners' logs if no engine answers.
func (a *app) records(ctx context.Context, f *gitea.Client, run *sdk.ActionWorkflowRun) (model.Records, error) {
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		records, gatherErr := gather.Run(ctx, f, run, nil, a.opts.stack)
		records.Notes = append(records.Notes, "nothing of fresh engines: "+err.Error())
		return records, gatherErr
	}
	defer func() { _ = cli.Close() }()
	return gather.Run(ctx, f, run, cli, a.opts.stack)
}
