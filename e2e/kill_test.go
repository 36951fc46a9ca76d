//go:build e2e

package e2e

import (
	"os"
	"testing"
	"time"
)

// mostTimes limits how long a repeat may take, as a multiple of a clean run.
const mostTimes = 6

// TestKilledUp kills up with SIGKILL at points spread over its steps. Repeating it once must
// succeed.
func TestKilledUp(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	steps, clean := p.whole(p.upArgs()...)
	whole := p.labelled()
	p.sameAs(whole)
	for i, n := 0, long(1, 20); i < n; i++ {
		p.run(t.Context(), "down", "--purge", "--yes").must(t, 0)
		how, seen := p.kill(atStep(spread(steps, i, n)), i%2 == 0, p.upArgs()...)
		if how == tooLate {
			steps, i = seen, i-1
			continue
		}
		p.repeat(how, clean, "up", p.upArgs()...).must(t, 0, "is up")
		p.sameAs(whole)
	}
}

// TestKilledDown does the same to down.
func TestKilledDown(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	whole := p.labelled()
	steps, clean := p.whole("down", "--yes")
	for i, n := 0, long(1, 20); i < n; i++ {
		p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
		p.sameAs(whole)
		how, seen := p.kill(atStep(spread(steps, i, n)), i%2 == 0, "down", "--yes")
		if how == tooLate {
			steps, i = seen, i-1
			continue
		}
		p.repeat(how, clean, "down", "down", "--yes").must(t, 0)
		if left := p.labelled(); len(left.containers)+len(left.networks) > 0 || len(left.volumes) != len(whole.volumes) {
			t.Errorf("got %+v after down, want the %d volumes alone", left, len(whole.volumes))
		}
	}
}

// whole runs a command to its end, which must succeed, and returns how many steps it has and
// how long it takes.
func (p *project) whole(args ...string) (steps int, took time.Duration) {
	p.t.Helper()
	start := time.Now()
	_, steps = p.kill(never, false, args...)
	return steps, time.Since(start)
}

// repeat repeats a command that was killed, and fails the test if it takes mostTimes as long
// as a clean run.
func (p *project) repeat(how string, clean time.Duration, what string, args ...string) result {
	p.t.Helper()
	again := p.run(p.t.Context(), args...)
	p.t.Logf("%s killed %s: the repeat took %.1fs, a clean run %.1fs", what, how, again.took.Seconds(), clean.Seconds())
	if again.took > mostTimes*clean {
		p.t.Errorf("got a repeat of %s, want at most %d times the %s of a clean run", again.took, mostTimes, clean)
	}
	return again
}

// long returns the size of a test: short, unless LONG is set.
func long(short, long int) int {
	if os.Getenv("LONG") != "" {
		return long
	}
	return short
}

// onlyLong skips a test that takes long, unless LONG is set.
func onlyLong(t *testing.T) {
	t.Helper()
	if os.Getenv("LONG") == "" {
		t.Skip("only in the long form: make test-long")
	}
}

// sameAs fails the test unless the stack has as many objects as whole, and one runner.
func (p *project) sameAs(whole objects) {
	p.t.Helper()
	got := p.labelled()
	if len(got.containers) != len(whole.containers) || len(got.networks) != len(whole.networks) || len(got.volumes) != len(whole.volumes) {
		p.t.Errorf("got %+v, want as many as %+v", got, whole)
	}
	if s := p.status(); s.State != "up" || len(s.Runners) != 1 {
		p.t.Errorf("got state %s and runners %+v, want up and one", s.State, s.Runners)
	}
}
