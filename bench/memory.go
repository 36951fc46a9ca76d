package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// memory is row 7: what a stack holds that has done nothing for ten minutes.
func (b *bench) memory(ctx context.Context) ([]report.Figure, error) {
	s, err := b.idleStack(ctx)
	if err != nil {
		return nil, err
	}
	after := time.Duration(b.times(600, 20)) * time.Second
	if left := time.Until(s.upSince.Add(after)); left > 0 {
		b.say("  the idle stack is left alone for %s more", left.Round(time.Second))
		if err := pause(ctx, left); err != nil {
			return nil, err
		}
	}
	sum := 0.0
	var each []report.Figure
	for _, role := range roles {
		id, err := b.container(ctx, s.name, role)
		if err != nil {
			return nil, err
		}
		group, err := b.cgroup(ctx, id)
		if err != nil {
			return nil, err
		}
		bytes, err := group.memory()
		if err != nil {
			return nil, err
		}
		sum += bytes / 1e6
		each = append(each, report.Figure{Name: "idle memory: " + short(role), Unit: report.Megabytes, Samples: []float64{bytes / 1e6}})
	}
	return append([]report.Figure{{
		Name: "idle memory, together", Unit: report.Megabytes, Samples: []float64{sum}, Goals: []report.Goal{{Of: "p50", Most: 250}},
		Note: fmt.Sprintf("without the page cache, %s after its first run", after),
	}}, each...), nil
}
