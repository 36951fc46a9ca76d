package main

import (
	"context"
	"errors"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// noOp is row 5: `pipeline up` where there is nothing to do.
func (b *bench) noOp(ctx context.Context) ([]report.Figure, error) {
	s, err := b.busyStack(ctx)
	if err != nil {
		return nil, err
	}
	// The pushes of another row have changed the service in this copy.
	if _, err := s.up(ctx); err != nil {
		return nil, err
	}
	var ups samples
	for i := 0; b.again(i, 10, 2); i++ {
		took, err := s.noOp(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			ups.fail(err)
			continue
		}
		ups.add(took)
	}
	return []report.Figure{ups.take(report.Figure{
		Name: "`up` with nothing to change", Unit: report.Seconds, Goals: []report.Goal{{Of: "p50", Most: 3}},
	})}, nil
}

// noOp times an up that must change nothing.
func (s *stack) noOp(ctx context.Context) (float64, error) {
	var out string
	took, err := timed(func() (err error) {
		out, err = s.up(ctx)
		return err
	})
	if err == nil && !strings.Contains(out, "nothing to change") {
		err = errors.New("`up` changed something")
	}
	return took, err
}
