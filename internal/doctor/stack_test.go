package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// forge answers what a test gives it.
type forge struct {
	version    string
	runners    []*sdk.ActionRunner
	jobs       []*sdk.ActionWorkflowJob
	unreleased []*sdk.ActionWorkflowJob
}

func (f forge) Version(context.Context) (string, error)                       { return f.version, nil }
func (f forge) Runners(context.Context) ([]*sdk.ActionRunner, error)          { return f.runners, nil }
func (f forge) WaitingJobs(context.Context) ([]*sdk.ActionWorkflowJob, error) { return f.jobs, nil }

func (f forge) UnreleasedJobs(context.Context) ([]*sdk.ActionWorkflowJob, error) {
	return f.unreleased, nil
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	runner := func(disabled bool, labels ...string) *sdk.ActionRunner {
		r := &sdk.ActionRunner{Disabled: disabled}
		for _, l := range labels {
			r.Labels = append(r.Labels, &sdk.ActionRunnerLabel{Name: l})
		}
		return r
	}
	job := func(labels ...string) *sdk.ActionWorkflowJob {
		return &sdk.ActionWorkflowJob{Name: "build", Labels: labels}
	}
	for name, test := range map[string]struct {
		forge forge
		want  State
	}{
		"none":             {forge{runners: []*sdk.ActionRunner{runner(false, "self-hosted")}}, OK},
		"for a free one":   {forge{runners: []*sdk.ActionRunner{runner(false, "self-hosted")}, jobs: []*sdk.ActionWorkflowJob{job("self-hosted")}}, Info},
		"unknown label":    {forge{runners: []*sdk.ActionRunner{runner(false, "self-hosted")}, jobs: []*sdk.ActionWorkflowJob{job("windows")}}, Warning},
		"behind a good":    {forge{runners: []*sdk.ActionRunner{runner(false, "self-hosted")}, jobs: []*sdk.ActionWorkflowJob{job("self-hosted"), job("gpu")}}, Warning},
		"disabled":         {forge{runners: []*sdk.ActionRunner{runner(true, "self-hosted")}, jobs: []*sdk.ActionWorkflowJob{job("self-hosted")}}, Warning},
		"labels of two":    {forge{runners: []*sdk.ActionRunner{runner(false, "a"), runner(false, "b")}, jobs: []*sdk.ActionWorkflowJob{job("a", "b")}}, Warning},
		"not released":     {forge{runners: []*sdk.ActionRunner{runner(false, "a")}, unreleased: []*sdk.ActionWorkflowJob{job("a")}}, Warning},
		"all labels of it": {forge{runners: []*sdk.ActionRunner{runner(false, "a", "b")}, jobs: []*sdk.ActionWorkflowJob{job("b", "a")}}, Info},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := waiting(t.Context(), StackSettings{Forge: test.forge})
			if got.State != test.want || (got.State == Warning) != (got.Next != "") {
				t.Errorf("got %+v, want the state %s", got, test.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for pinned, want := range map[string]State{"v1.26.4": OK, "1.26.4": OK, "": OK, "v1.27.0": Warning} {
		if got := version(t.Context(), StackSettings{Forge: forge{version: "1.26.4"}, ForgeVersion: pinned}); got.State != want {
			t.Errorf("pinned %q: got %+v, want %s", pinned, got, want)
		}
	}
}

func TestContainerResults(t *testing.T) {
	t.Parallel()
	s := StackSettings{
		Stack:  readiness.Stack{Name: "dev", Runners: readiness.RunnerNames(2), JobEngines: true},
		Images: []string{"forge:1", "runner:1", "job-engine:1"},
	}
	list := []dockerhost.Container{
		{Role: naming.Forge, Status: "Up", Image: "forge:0"},
		{Role: naming.Runner, Runner: "runner-0", Status: "Up", Image: "runner:1"},
		{Role: naming.JobEngine, Runner: "runner-0", Status: "Up", Image: "job-engine:1"},
		{ID: "abc", Role: naming.Runner, Runner: "runner-1"},
	}
	got := containerResults(s, list, []readiness.Fault{
		{Role: naming.Runner, Runner: "runner-1", Container: "abc", Why: errors.New("it restarts")},
		{Role: naming.JobEngine, Runner: "runner-1", Why: errors.New("it has no container")},
	})
	for i, want := range []struct {
		name  string
		state State

		detail, next string
	}{
		{"forge", Warning, "forge:0, which is not the current one", "pipeline up --stack dev"},
		{"runner runner-0", OK, "of the current image", ""},
		{"job engine of runner-0", OK, "of the current image", ""},
		{"runner runner-1", Failed, "restarts", "docker logs abc"},
		{"job engine of runner-1", Failed, "no container", "up --refresh"},
	} {
		if r := got[i]; r.Name != want.name || r.State != want.state || !strings.Contains(r.Detail, want.detail) || !strings.Contains(r.Next, want.next) {
			t.Errorf("got %+v, want %+v", r, want)
		}
	}
}

func TestDisabled(t *testing.T) {
	t.Parallel()
	s := StackSettings{Stack: readiness.Stack{URL: "http://localhost:3000"}, Forge: forge{runners: []*sdk.ActionRunner{{Name: "dev-runner-0"}, {Name: "dev-runner-1", Disabled: true}}}}
	got := disabled(t.Context(), s)
	if len(got) != 1 || got[0].State != Warning || !strings.Contains(got[0].Detail, "dev-runner-1") || !strings.Contains(got[0].Next, "/-/admin/actions/runners") {
		t.Errorf("got %+v, want a warning about dev-runner-1 alone", got)
	}
}
