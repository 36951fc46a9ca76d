package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/tracetest"
)

// took formats a length, and what is known to the second only.
func took(d time.Duration, about bool) string {
	if about {
		return fmt.Sprintf("~%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

// TestSum holds every timeline to its one rule: a job's segments follow one
// another from its beginning to its end, and parts lie in their step.
func TestSum(t *testing.T) {
	t.Parallel()
	without := func(r model.Records, logs, runners bool) model.Records {
		if logs {
			r.Logs = nil
		}
		if runners {
			r.Runners = nil
		}
		return r
	}
	again := tracetest.Recorded(t, "green")
	again.Jobs[0].RunAttempt = 2
	waiting := tracetest.Recorded(t, "running")
	waiting.Jobs[1] = &gitea.ActionWorkflowJob{ID: 4, Name: "build-and-push", Status: "queued", RunAttempt: 1, CreatedAt: waiting.Jobs[0].CreatedAt}
	interrupted := tracetest.Recorded(t, "green")
	interrupted.Logs[6] = interrupted.Logs[6][:len(interrupted.Logs[6])/2]
	for name, r := range map[string]model.Records{
		"green": tracetest.Recorded(t, "green"), "running": tracetest.Recorded(t, "running"), "failed": tracetest.Failed(t), "again": again,
		"waiting": waiting, "interrupted": interrupted,
		"without logs": without(tracetest.Recorded(t, "green"), true, false), "running without logs": without(tracetest.Recorded(t, "running"), true, false),
		"without runners": without(tracetest.Recorded(t, "green"), false, true), "with nothing": without(tracetest.Recorded(t, "green"), true, true),
	} {
		timeline := model.Assemble(r)
		for _, j := range timeline.Jobs {
			at := j.Start
			sum := 0.0
			for _, s := range j.Segments {
				if !s.Start.Equal(at) || s.End.Before(s.Start) {
					t.Errorf("%s: job %s: %s is from %s to %s, want it to begin at %s", name, j.Name, s.Name, s.Start, s.End, at)
				}
				at = s.End
				sum += s.Seconds
				for _, part := range s.Parts {
					if part.Start.Before(s.Start) || part.End.After(s.End) {
						t.Errorf("%s: job %s: part %s leaves its step %s", name, j.Name, part.Name, s.Name)
					}
				}
			}
			if !at.Equal(j.End) || sum-j.End.Sub(j.Start).Seconds() > 1e-6 {
				t.Errorf("%s: job %s: got segments until %s of %fs, want %s and %s", name, j.Name, at, sum, j.End, j.End.Sub(j.Start))
			}
		}
		s := timeline.Shares
		if got, want := s.Waiting+s.Runner+s.Steps, timeline.Took().Seconds(); got-want > 1e-6 || want-got > 1e-6 {
			t.Errorf("%s: got shares of %fs, want %fs", name, got, want)
		}
	}
}

func TestGreen(t *testing.T) {
	t.Parallel()
	timeline := model.Assemble(tracetest.Recorded(t, "green"))
	if len(timeline.Notes) > 0 || len(timeline.Jobs) != 2 {
		t.Fatalf("got %d jobs and the notes %q, want 2 jobs and no note", len(timeline.Jobs), timeline.Notes)
	}
	build := timeline.Jobs[1]
	for name, want := range map[string]string{
		"wait for test":               "needs ~20.3s",
		"wait for a fresh job engine": "queue 0.86s",
		"container start":             "setup 0.42s",
		"Run actions/checkout@v4":     "step 0.97s",
		"Build the image":             "step 4.83s",
		"Push the image":              "step 1.67s",
		"report":                      "finish 0.31s",
	} {
		at := slices.IndexFunc(build.Segments, func(s model.Segment) bool { return s.Name == name })
		if at < 0 {
			t.Errorf("got no %q, want one", name)
			continue
		}
		s := build.Segments[at]
		if got := string(s.Kind) + " " + took(s.Took(), s.About); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if build.JobEngine == nil || !slices.Equal(build.Needs, []string{"test"}) {
		t.Errorf("got job engine %v and needs %v, want a fresh job engine, and test", build.JobEngine, build.Needs)
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	timeline := model.Assemble(tracetest.Failed(t))
	test, build := timeline.Jobs[0], timeline.Jobs[1]
	if !slices.Equal(test.NotRun, []string{"Vet"}) || len(build.Segments) != 0 {
		t.Errorf("got %v not run, and the skipped job's segments %v, want Vet and none", test.NotRun, build.Segments)
	}
	at := slices.IndexFunc(test.Segments, func(s model.Segment) bool { return s.Conclusion == "failure" })
	if at < 0 || test.Segments[at].Name != "Test" || took(test.Segments[at].Took(), test.Segments[at].About) != "7.20s" {
		t.Errorf("got %+v, want the step Test to have failed after 7.20s", test.Segments)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	cut := tracetest.Recorded(t, "green")
	cut.Logs[6], cut.Runners = cut.Logs[6][:len(cut.Logs[6])/2], nil
	again := tracetest.Recorded(t, "green")
	again.Jobs[1].RunAttempt = 2
	again.Run.StartedAt = again.Jobs[1].StartedAt
	broken := tracetest.Recorded(t, "green")
	broken.Workflow = []byte("jobs: [")
	for want, r := range map[string]model.Records{
		"build-and-push stops before its end": cut,
		"job test ended in an earlier":        again,
		"counted as waiting for a runner":     broken,
	} {
		if got := strings.Join(model.Assemble(r).Notes, "\n"); !strings.Contains(got, want) {
			t.Errorf("got notes %q, want %q", got, want)
		}
	}
}
