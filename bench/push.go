package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// push is row 1: from the start of `git push` with one changed Go file to a
// green run and an image that can be pulled by its digest.
func (b *bench) push(ctx context.Context) ([]report.Figure, error) {
	s, err := b.busyStack(ctx)
	if err != nil {
		return nil, err
	}
	hand, err := b.newHandwork(ctx, s)
	if err != nil {
		return nil, err
	}
	var pushes, byHand samples
	for i := 0; b.again(i, 21, 4); i++ {
		took, err := hand.work(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring the floor: %w", err)
		}
		if i > 0 { // the first of each only warms up
			byHand.add(took)
		}
		took, picked, err := s.pushService(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			pushes.fail(err)
			b.say("  push %d failed: %v", i, err)
		case i > 0:
			pushes.add(took)
			b.pushPicks.add(picked)
			b.say("  push %d: %.2f s, picked up after %.2f s; by hand %.2f s", i, took, picked, byHand.values[len(byHand.values)-1])
		}
	}
	return append([]report.Figure{pushes.take(report.Figure{
		Name: "push → green → image pullable by digest", Unit: report.Seconds,
		Floor: &report.Floor{
			What:    "`go test`, `go vet`, `go build`, `docker build`, `docker push` of the same change on the host, one after the other, with warm caches",
			Samples: byHand.values,
		},
		Goals: []report.Goal{{Of: "ratio", Most: 2}, {Of: "p50", Most: 5}, {Of: "p95", Most: 8}},
	})}, hand.figures()...), nil
}

var heading = regexp.MustCompile(`<h1>.*</h1>`)

// changes counts the changes, so that no two of them are the same.
var changes int

// changeService changes one Go file of the service.
func changeService(dir string) error {
	changes++
	path := filepath.Join(dir, "service", "handler.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	next := heading.ReplaceAll(text, fmt.Appendf(nil, "<h1>It runs: change %d of %d.</h1>", changes, os.Getpid()))
	return os.WriteFile(path, next, 0o644)
}

// pushService changes the service and pushes it, with an idle runner there. It
// returns how long it took until the image could be pulled, and from the end of
// the push to the job's first line.
func (s *stack) pushService(ctx context.Context) (took, picked float64, err error) {
	if err := changeService(s.dir); err != nil {
		return 0, 0, err
	}
	commit, err := commitAll(ctx, s.dir)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := git(ctx, s.dir, "push", "--quiet", s.forge.clone(owner, repository), "HEAD:main"); err != nil {
		return 0, 0, err
	}
	pushed := time.Now()
	run, err := s.forge.green(ctx, repository, commit, func() (bool, error) { return s.forge.pullable(ctx, "service", commit) })
	ended := time.Now()
	if err != nil {
		return 0, 0, err
	}
	line, err := s.forge.firstLine(repository, run.ID)
	if err != nil {
		return 0, 0, err
	}
	return ended.Sub(start).Seconds(), line.Sub(pushed).Seconds(), s.ready(ctx, ended.Add(-time.Second))
}

// commitAll commits everything, and returns the commit.
func commitAll(ctx context.Context, dir string) (string, error) {
	if err := git(ctx, dir, "add", "--all"); err != nil {
		return "", err
	}
	if err := git(ctx, dir, "commit", "--quiet", "--message=Change"); err != nil {
		return "", err
	}
	commit, err := command(ctx, dir, nil, "git", "rev-parse", "HEAD")
	return strings.TrimSpace(commit), err
}
