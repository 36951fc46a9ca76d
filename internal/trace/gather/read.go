package gather

import (
	"context"
	"errors"
	"fmt"
	"io"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
)

// Options say which run Read looks at.
type Options struct {
	Project  project.Project
	Stack    string
	Run      int64     // its number; 0 is the newest
	Progress io.Writer // where the build of a missing artifact is reported
}

// Read reads the timeline of a workflow run of a stack.
func Read(ctx context.Context, o Options) (model.Timeline, error) {
	cfg, err := config.ForStack(o.Project, o.Stack, nil)
	if err != nil {
		return model.Timeline{}, err
	}
	outputs, err := pulumi.ReadOutputs(ctx, o.Project, o.Stack, o.Progress)
	if err == nil && pulumi.Text(outputs, "adminPassword") == "" {
		err = pulumi.ErrNone
	}
	what := fmt.Sprintf("tracing a workflow run of stack %q", o.Stack)
	if errors.Is(err, pulumi.ErrNone) {
		return model.Timeline{}, problem.New(what, err, "bring it up first: pipeline up --stack "+o.Stack)
	}
	if err != nil {
		return model.Timeline{}, err
	}
	f := gitea.New(cfg.LocalURL(), pulumi.Text(outputs, "adminUser"), pulumi.Text(outputs, "adminPassword"), cfg.Owner, cfg.Repository)
	defer func() { _ = f.Close() }() // the timeline is complete without it
	run, err := f.Numbered(ctx, o.Run)
	if errors.Is(err, gitea.ErrNoRun) {
		return model.Timeline{}, problem.New(what, err, "see the last runs: pipeline status --stack "+o.Stack)
	}
	var records model.Records
	if err == nil {
		records, err = readRecords(ctx, f, run, o.Stack)
	}
	if err != nil {
		return model.Timeline{}, problem.New(what, err, "see how the forge is: pipeline status --stack "+o.Stack)
	}
	return model.Assemble(records), nil
}

// readRecords reads what is known of a run, without the runners' logs where no Docker
// host answers.
func readRecords(ctx context.Context, f *gitea.Client, run *sdk.ActionWorkflowRun, stack string) (model.Records, error) {
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		records, gatherErr := Run(ctx, f, run, nil, stack)
		records.Notes = append(records.Notes, "nothing of fresh job engines: "+err.Error())
		return records, gatherErr
	}
	defer func() { _ = cli.Close() }()
	return Run(ctx, f, run, cli, stack)
}
