package gitea

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// script is a forge whose run moves on with every question about it.
type script struct {
	frames [][]*gitea.ActionWorkflowJob
	end    string
	at     int
	fail   error
}

func (s *script) Runs(context.Context, string, int) ([]*gitea.ActionWorkflowRun, error) {
	return nil, s.fail
}

func (s *script) Run(context.Context, int64) (*gitea.ActionWorkflowRun, error) {
	if s.at++; s.at < len(s.frames)-1 {
		return &gitea.ActionWorkflowRun{Status: "in_progress"}, s.fail
	}
	return &gitea.ActionWorkflowRun{Status: "completed", Conclusion: s.end, RunNumber: 7, HTMLURL: "http://forge/runs/7"}, s.fail
}

func (s *script) Jobs(context.Context, int64) ([]*gitea.ActionWorkflowJob, error) {
	return s.frames[min(s.at, len(s.frames)-1)], s.fail
}

func (s *script) Log(context.Context, int64) (string, error) {
	return "2026-11-24T10:00:00.0000000Z --- FAIL: TestHealth\n2026-11-24T10:00:01.0000000Z   ❌  Failure - Main Test\nclean up\n", nil
}

func job(status, conclusion string, steps ...string) []*gitea.ActionWorkflowJob {
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	j := &gitea.ActionWorkflowJob{ID: 1, Name: "test", Status: status, Conclusion: conclusion, StartedAt: start, CompletedAt: start.Add(4 * time.Second)}
	for i, c := range steps {
		j.Steps = append(j.Steps, &gitea.ActionWorkflowStep{Name: "Test", Number: int64(i), Conclusion: c, StartedAt: start, CompletedAt: start.Add(2 * time.Second)})
	}
	return []*gitea.ActionWorkflowJob{j}
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		forge *script
		red   bool
		want  []string
	}{
		"green": {
			&script{end: "success", frames: [][]*gitea.ActionWorkflowJob{job("queued", ""), job("in_progress", "", ""), job("completed", "success", "success")}},
			false, []string{"waits for a runner", "success   Test (2.0s)", "success   job test (4.0s)"},
		},
		"red": {
			&script{end: "failure", frames: [][]*gitea.ActionWorkflowJob{job("in_progress", "", ""), job("completed", "failure", "failure")}},
			true, []string{"failure   Test (2.0s)", "--- FAIL: TestHealth"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := Follow(t.Context(), test.forge, &gitea.ActionWorkflowRun{ID: 1}, ui.NewPrinter(&out), time.Minute)
			if errors.Is(err, ErrRed) != test.red || (err != nil) != test.red {
				t.Errorf("got %v, want red=%t", err, test.red)
			}
			if test.red && (!strings.Contains(err.Error(), `step "Test" of job "test"`) || !strings.Contains(problem.Next(err), "http://forge/runs/7")) {
				t.Errorf("got %v, next %q, want the step and the link", err, problem.Next(err))
			}
			for _, want := range test.want {
				if strings.Count(out.String(), want) != 1 {
					t.Errorf("got %q, want %q once", out.String(), want)
				}
			}
			if strings.Contains(out.String(), "clean up") {
				t.Errorf("got %q, want nothing after the failed step", out.String())
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	waiting := &script{end: "success", frames: make([][]*gitea.ActionWorkflowJob, 1000)}
	err := Follow(t.Context(), waiting, &gitea.ActionWorkflowRun{HTMLURL: "http://forge/runs/7"}, ui.NewPrinter(&bytes.Buffer{}), 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "no job had begun") {
		t.Errorf("got %v, want the last that was seen", err)
	}
	_, err = AwaitRun(t.Context(), &script{fail: errors.New("refused")}, "", 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want the last answer", err)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	log := "2026-11-24T10:00:00.1Z first\n2026-11-24T10:00:00.1Z     a_test.go:5: red on purpose\r\n--- FAIL: TestRed\n" +
		strings.Repeat("--- PASS: TestX\n", 50) + "FAIL\n2026-11-24T10:00:00.1Z ##[error]Process completed with exit code 1.\nclean up\n"
	got := strings.Join(Tail(log, 2), "|")
	want := "    a_test.go:5: red on purpose|--- FAIL: TestRed|...|FAIL|##[error]Process completed with exit code 1."
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Tail("one\ntwo\n", 5); len(got) != 2 {
		t.Errorf("a short log: got %q", got)
	}
}
