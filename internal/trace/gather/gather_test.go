package gather

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
)

// fakeForge has jobs and runners, and nothing else.
type fakeForge struct {
	jobs    []*sdk.ActionWorkflowJob
	runners []*sdk.ActionRunner
	err     error
}

func (f fakeForge) Jobs(context.Context, int64) ([]*sdk.ActionWorkflowJob, error) { return f.jobs, nil }
func (f fakeForge) Log(context.Context, int64) (string, error)                    { return "", nil }
func (f fakeForge) File(context.Context, string, string) ([]byte, error)          { return []byte("{}"), nil }
func (f fakeForge) Runners(context.Context) ([]*sdk.ActionRunner, error)          { return f.runners, f.err }

// TestWaitsForNobody holds that a job which no runner will take is named, with the reason.
func TestWaitsForNobody(t *testing.T) {
	t.Parallel()
	runner := &sdk.ActionRunner{Labels: []*sdk.ActionRunnerLabel{{Name: "linux"}, {Name: "x64"}}}
	job := func(status string, labels ...string) *sdk.ActionWorkflowJob {
		return &sdk.ActionWorkflowJob{Name: "build", Status: status, Labels: labels, CreatedAt: time.Now()}
	}
	for name, test := range map[string]struct {
		forge fakeForge
		want  string // in the one note; "" for none
	}{
		"will be taken": {fakeForge{jobs: []*sdk.ActionWorkflowJob{job("queued", "linux")}, runners: []*sdk.ActionRunner{runner}}, ""},
		"has ended":     {fakeForge{jobs: []*sdk.ActionWorkflowJob{job("completed", "gpu")}, runners: []*sdk.ActionRunner{runner}}, ""},
		"unknown label": {fakeForge{jobs: []*sdk.ActionWorkflowJob{job("queued", "linux", "gpu")}, runners: []*sdk.ActionRunner{runner}},
			"no runner will take job build: no enabled runner has the label gpu; write labels that a runner has into runs-on: linux, x64"},
		"not known": {fakeForge{jobs: []*sdk.ActionWorkflowJob{job("queued", "gpu")}, err: errors.New("it is down")}, "is not known: it is down"},
	} {
		records, err := Run(t.Context(), test.forge, &sdk.ActionWorkflowRun{}, nil, "dev")
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(records.Notes, "\n")
		if test.want == "" && notes != "" || !strings.Contains(notes, test.want) {
			t.Errorf("%s: got the notes %q, want %q", name, notes, test.want)
		}
	}
}
