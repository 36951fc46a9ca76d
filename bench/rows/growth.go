package rows

import (
	"context"
	"errors"
	"fmt"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
)

// noOp is row 5: `pipeline up` when there is nothing to do.
func noOp(ctx context.Context, b *Bench) ([]report.Figure, error) {
	s, err := b.Stack(ctx, busy)
	if err != nil {
		return nil, err
	}
	if _, err := s.Up(ctx); err != nil { // another row's pushes have changed the service in this clone
		return nil, err
	}
	f := report.Figure{Row: 5, Name: "`up` with nothing to change", Unit: report.Seconds, Goals: []report.Goal{{Of: "p50", Most: 3}}}
	f.Samples, err = series(b.few(10, 2), unchanged(ctx, s))
	return []report.Figure{f}, err
}

// unchanged returns a function that times an `up`, which must change nothing.
func unchanged(ctx context.Context, s *stack.Stack) func() (float64, error) {
	return func() (float64, error) {
		at, err := s.Up(ctx)
		if err == nil && at.Changed {
			err = errors.New("`up` changed something")
		}
		return at.End.Sub(at.Start).Seconds(), err
	}
}

// growth is row 9: how long `up` and `status` take with many repositories, and the last of
// many pushes at once. The baseline has none and one of them; the goal is linear growth.
func growth(ctx context.Context, b *Bench) ([]report.Figure, error) {
	s, err := b.Stack(ctx, busy)
	if err != nil {
		return nil, err
	}
	e, err := newEcho(ctx, s)
	measure := func(n int, f func() (float64, error)) (samples []float64) {
		if err == nil {
			samples, err = series(n, f)
		}
		return samples
	}
	status := func() (float64, error) { return timed(func() error { _, err := s.Run(ctx, "status"); return err }) }
	queue := func(n int) func() (float64, error) { return func() (float64, error) { return e.queue(ctx, n) } }
	figure := func(name string, n int, note string, baseline []float64) report.Figure {
		return report.Figure{
			Row: 9, Name: fmt.Sprintf(name, n), Unit: report.Seconds, Goals: []report.Goal{{Of: "ratio", Most: float64(n)}},
			Baseline: baseline, Note: "baseline: " + note,
		}
	}
	pushes, repositories := b.few(20, 3), b.few(200, 10)
	last := figure("the last of %d pushes at once → green", pushes, "one push, an echo on one runner", measure(b.few(3, 1), queue(1)))
	last.Samples = measure(1, queue(pushes))
	measure(1, func() (float64, error) { _, err := s.Up(ctx); return 0, err }) // as in noOp
	const note = "the repositories of a new stack"
	ups := figure("`up` with nothing to change, with %d repositories more", repositories, note, measure(b.few(5, 1), unchanged(ctx, s)))
	statuses := figure("`status` with %d repositories more", repositories, note, measure(b.few(5, 1), status))
	for n := 0; n < repositories && err == nil; n++ {
		err = s.Forge.CreateRepository(fmt.Sprintf("more-%d", n))
	}
	ups.Samples, statuses.Samples = measure(b.few(5, 1), unchanged(ctx, s)), measure(b.few(5, 1), status)
	return []report.Figure{ups, statuses, last}, err
}

// series measures n times, and stops at the first error.
func series(n int, measure func() (float64, error)) (samples []float64, err error) {
	for range n {
		took, err := measure()
		if err != nil {
			return samples, err
		}
		samples = append(samples, took)
	}
	return samples, nil
}
