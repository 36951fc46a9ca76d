package rows

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

var pickUpGoals = []report.Goal{{Of: "mean", Most: 0.5}, {Of: "p99", Most: 1.2}}

// push is row 1: from the start of `git push` with one changed Go file to a
// green run and an image that can be pulled by its digest.
func push(ctx context.Context, b *Bench) ([]report.Figure, error) {
	s, err := b.Stack(ctx, busy)
	if err != nil {
		return nil, err
	}
	hand, err := newHandwork(ctx, s)
	if err != nil {
		return nil, err
	}
	f := report.Figure{
		Row: 1, Name: "push → green → image pullable by digest", Unit: report.Seconds,
		Goals: []report.Goal{{Of: "ratio", Most: 2}, {Of: "p50", Most: 5}, {Of: "p95", Most: 8}},
		Note:  "baseline: `go test`, `go vet`, `go build`, `docker build`, `docker push` of the same change on the host, one after the other, with warm caches",
	}
	picks := report.Figure{Row: 1, Name: "their pick-up, as in row 2", Unit: report.Seconds, Goals: pickUpGoals}
	for i := 0; i < b.few(13, 3) && ctx.Err() == nil; i++ {
		byHand, err := hand.work(ctx, i > 0)
		if err != nil {
			return nil, fmt.Errorf("measuring the baseline: %w", err)
		}
		commit, err := changeService(ctx, s.Dir)
		if err != nil {
			return nil, err
		}
		took, picked, err := pushed(ctx, s, s.Dir, stack.Repository, commit)
		if i == 0 && err == nil {
			continue // the first of each only warms the caches
		}
		b.Say("  push %d: %.2f s, picked up after %.2f s; by hand %.2f s; error: %v", i, took, picked, byHand, err)
		f.Baseline = append(f.Baseline, byHand)
		f.Record(took, err)
		picks.Record(picked, err)
	}
	return append([]report.Figure{f, picks}, hand.figures...), ctx.Err()
}

// changes counts the changes, so that no two are the same.
var changes int

var heading = regexp.MustCompile(`<h1>.*</h1>`)

// changeService changes one Go file of the service and commits it.
func changeService(ctx context.Context, dir string) (commit string, err error) {
	changes++
	path := filepath.Join(dir, "service", "handler.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	next := heading.ReplaceAll(text, fmt.Appendf(nil, "<h1>It runs: change %d of %d.</h1>", changes, os.Getpid()))
	if err := os.WriteFile(path, next, 0o644); err != nil {
		return "", err
	}
	return stack.CommitAll(ctx, dir)
}

// pushed pushes a commit while the runner is idle. took is the time until the run was green
// and, for the service, its image could be pulled; picked is the time from the end of the
// push to the job's first line.
func pushed(ctx context.Context, s *stack.Stack, dir, repository, commit string) (took, picked float64, err error) {
	start := time.Now()
	if _, err := stack.Git(ctx, dir, "push", "--quiet", s.Forge.Clone(repository), "HEAD:main"); err != nil {
		return 0, 0, err
	}
	end := time.Now()
	run, err := s.Forge.AwaitGreen(ctx, repository, commit)
	if err == nil && repository == stack.Repository {
		err = s.Forge.AwaitImage(ctx, commit)
	}
	if err != nil {
		return 0, 0, err
	}
	green := time.Now()
	line, err := s.Forge.FirstLine(repository, run)
	if err != nil {
		return 0, 0, err
	}
	_, err = s.RunnerReady(ctx, green.Add(-time.Second))
	return green.Sub(start).Seconds(), line.Sub(end).Seconds(), err
}

// pickUp is row 2: the time from the end of `git push` to the job's first line, and the
// processor time of a stack that is idle.
func pickUp(ctx context.Context, b *Bench) ([]report.Figure, error) {
	s, err := b.Stack(ctx, busy)
	if err != nil {
		return nil, err
	}
	idle, err := idleTime(ctx, b, s)
	if err != nil {
		return nil, err
	}
	e, err := newEcho(ctx, s)
	if err != nil {
		return nil, err
	}
	f := report.Figure{
		Row: 2, Name: "pick-up, an echo", Unit: report.Seconds, Goals: pickUpGoals,
		Note: "an idle runner; from the end of `git push` to the time that the job's first line carries",
	}
	for i := 0; i < b.few(50, 5) && ctx.Err() == nil; i++ {
		commit, err := e.commit(ctx)
		// At a random moment between two polls of the runner, which polls more often than this.
		if err = errors.Join(err, pause(ctx, rand.N(500*time.Millisecond))); err != nil {
			return nil, err
		}
		_, picked, err := pushed(ctx, s, e.dir, e.name, commit)
		f.Record(picked, err)
	}
	return append([]report.Figure{f}, idle...), ctx.Err()
}

// idleTime measures the processor time of each container of an idle stack.
func idleTime(ctx context.Context, b *Bench, s *stack.Stack) ([]report.Figure, error) {
	over := time.Duration(b.few(60, 10)) * time.Second
	b.Say("  watching an idle stack for %s", over)
	before, err := s.Usage(ctx)
	if err = errors.Join(err, pause(ctx, over)); err != nil {
		return nil, err
	}
	after, err := s.Usage(ctx)
	if err != nil {
		return nil, err
	}
	figures := []report.Figure{}
	for i, u := range after {
		f := report.Figure{Row: 2, Name: "idle " + string(u.Role), Unit: report.Percent}
		if u.Role == naming.Runner {
			f.Goals, f.Note = []report.Goal{{Of: "p50", Most: 2}}, fmt.Sprintf("share of a core over %s", over)
		}
		f.Record(100*(u.CPU-before[i].CPU).Seconds()/u.At.Sub(before[i].At).Seconds(), nil)
		figures = append(figures, f)
	}
	return figures, nil
}
