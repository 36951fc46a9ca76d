package lifecycle

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// TestReady waits for a stack that works, that does not, or that works once what is
// broken was replaced.
func TestReady(t *testing.T) {
	broken := errors.New("runner runner-0 is offline")
	faults := []readiness.Fault{{Role: naming.Runner, Runner: "runner-0", Why: broken}, {Role: naming.JobEngine, Runner: "runner-0", Why: broken}}
	for name, test := range map[string]struct {
		refresh bool
		awaits  []error
		want    string // what is done
		fails   bool
	}{
		"works":                      {want: ""},
		"does not work":              {awaits: []error{broken}, fails: true},
		"works with --refresh":       {refresh: true},
		"is replaced":                {refresh: true, awaits: []error{broken}, want: "up forge-container runner-0-container runner-0-engine"},
		"is replaced, and no better": {refresh: true, awaits: []error{broken, broken}, want: "up forge-container runner-0-container runner-0-engine", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{awaits: test.awaits, faults: faults}
			env, out := environment(t, h)
			s := &State{Environment: env, Pulumi: h}
			err := ready(test.refresh).Run(t.Context(), s)
			if (err != nil) != test.fails || test.fails && !errors.Is(err, broken) {
				t.Errorf("got %v, want failure %t", err, test.fails)
			}
			if got := h.did(); got != test.want {
				t.Errorf("got done: %s; want: %s", got, test.want)
			}
			if test.want != "" && !strings.Contains(out.String(), "runner runner-0") {
				t.Errorf("got output that does not name what is replaced:\n%s", out)
			}
		})
	}
}

// TestInterruptedNamesTheStep stops an operation between two steps.
func TestInterruptedNamesTheStep(t *testing.T) {
	h := &fakeHost{}
	env, _ := environment(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	reached := false
	err := run(ctx, env, []Step{
		{"first", func(context.Context, *State) error { cancel(); return nil }},
		{"second", func(context.Context, *State) error { reached = true; return nil }},
	})
	var interrupted *Interrupted
	if !errors.As(err, &interrupted) || interrupted.Step != "second" || reached {
		t.Errorf("got %v, reached %t, want it interrupted before the second step", err, reached)
	}
}

// TestCleanUp closes in reverse order, also after a failure.
func TestCleanUp(t *testing.T) {
	env, _ := environment(t, &fakeHost{})
	var closed []string
	opening := func(name string, err error) Step {
		return Step{name, func(_ context.Context, s *State) error {
			s.onClose(func() { closed = append(closed, name) })
			return err
		}}
	}
	failed := errors.New("no")
	err := run(t.Context(), env, []Step{opening("a", nil), opening("b", failed), opening("c", nil)})
	if !errors.Is(err, failed) || strings.Join(closed, "") != "ba" {
		t.Errorf("got %v and closed %v, want the failure and b, a", err, closed)
	}
}
