package main

import (
	"context"
	"fmt"
	"time"

	"code.gitea.io/sdk/gitea"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// linear is the goal of all growth: what is measured of a line may be a little
// beside it.
var linear = []report.Goal{{Of: "exponent", Most: 1.05}}

// growth is row 9: what more repositories cost `up` and `status`, and more
// pushes at once the last of them.
func (b *bench) growth(ctx context.Context) ([]report.Figure, error) {
	s, err := b.busyStack(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := b.queueGrowth(ctx, s)
	if err != nil {
		return nil, err
	}
	more, err := b.repositoryGrowth(ctx, s)
	return append(more, queue), err
}

func (b *bench) repositoryGrowth(ctx context.Context, s *stack) ([]report.Figure, error) {
	sizes := []int{1, 10, 50, 200}
	if b.o.short {
		sizes = sizes[:2]
	}
	figures := []report.Figure{
		{Name: "`up` with nothing to change, by repositories on the forge", Unit: report.Seconds, Goals: linear, Growth: &report.Growth{By: "repository"}},
		{Name: "`status`, by repositories on the forge", Unit: report.Seconds, Goals: linear, Growth: &report.Growth{By: "repository"}},
	}
	measures := []func() (float64, error){
		func() (float64, error) { return s.noOp(ctx) },
		func() (float64, error) { return timed(func() error { _, err := s.run(ctx, "status"); return err }) },
	}
	if _, err := s.up(ctx); err != nil { // as in noOp
		return nil, err
	}
	made := 0
	for _, size := range sizes {
		if err := s.makeRepositories(ctx, made, size); err != nil {
			return nil, err
		}
		made = size
		for i, measure := range measures {
			point := report.Point{Size: float64(size)}
			for range b.times(3, 1) {
				took, err := measure()
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if err != nil {
					figures[i].Fail(err)
					continue
				}
				point.Samples = append(point.Samples, took)
			}
			b.say("  %d repositories: %.2f s", size, point.Samples)
			figures[i].Growth.Points = append(figures[i].Growth.Points, point)
		}
	}
	return figures, nil
}

// makeRepositories makes those numbered from first to last.
func (s *stack) makeRepositories(ctx context.Context, first, last int) error {
	var group errgroup.Group
	group.SetLimit(2)
	for i := first; i < last && ctx.Err() == nil; i++ {
		group.Go(func() error {
			_, _, err := s.forge.AdminCreateRepo(owner, gitea.CreateRepoOption{Name: fmt.Sprintf("more-%d", i), Private: true})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("making repositories: %w", err)
	}
	return ctx.Err()
}

func (b *bench) queueGrowth(ctx context.Context, s *stack) (report.Figure, error) {
	f := report.Figure{
		Name: "push → green of the last, by pushes at once", Unit: report.Seconds, Goals: linear, Growth: &report.Growth{By: "push"},
		Note: "one runner, the workflow of an echo; the runner's engine is made fresh after each",
	}
	sizes, repeat := []int{1, 5, 20}, map[int]int{1: b.times(3, 1), 5: b.times(2, 1), 20: 1}
	if b.o.short {
		sizes = []int{1, 3}
		repeat[3] = 1
	}
	t, err := b.newTiny(ctx, s)
	if err != nil {
		return f, err
	}
	for _, size := range sizes {
		point := report.Point{Size: float64(size)}
		for range repeat[size] {
			took, err := t.queue(ctx, size)
			if ctx.Err() != nil {
				return f, ctx.Err()
			}
			if err != nil {
				f.Fail(err)
				continue
			}
			point.Samples = append(point.Samples, took)
		}
		b.say("  %d pushes: %.2f s", size, point.Samples)
		f.Growth.Points = append(f.Growth.Points, point)
	}
	return f, nil
}

// queue pushes n commits, each to a branch of its own, as a push to the same one
// ends the run before it, and returns how long the last took to be green.
func (t *tiny) queue(ctx context.Context, n int) (float64, error) {
	start := time.Now()
	var commits []string
	for range n {
		commit, err := t.commit(ctx)
		if err != nil {
			return 0, err
		}
		if err := t.push(ctx, fmt.Sprintf("branch-%d", t.n)); err != nil {
			return 0, err
		}
		commits = append(commits, commit)
	}
	for _, commit := range commits {
		if _, err := t.s.forge.green(ctx, t.name, commit, nil); err != nil {
			return 0, err
		}
	}
	ended := time.Now()
	return ended.Sub(start).Seconds(), t.s.ready(ctx, ended.Add(-often))
}
