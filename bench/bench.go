package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// bench is what the rows share.
type bench struct {
	project  project.Project
	o        options
	docker   *client.Client
	cli      string // a docker command that builds with BuildKit
	launcher string
	tmp      string // holds everything that is made on disk
	machine  report.Machine
	commit   string
	start    time.Time
	began    time.Time                     // of the row
	time     time.Duration                 // that it has
	undo     []func(context.Context) error // what was made, the last first

	idle, busy *stack  // see idleStack and busyStack
	lives      *lives  // see wholeLives
	pushPicks  samples // pick-up times of row 1's pushes
}

// samples are figures that were measured, and attempts that gave none.
type samples struct {
	values   []float64
	failures []error
}

func (s *samples) add(v float64) { s.values = append(s.values, v) }

func (s *samples) fail(err error) { s.failures = append(s.failures, err) }

// take makes samples the figure's.
func (s *samples) take(f report.Figure) report.Figure {
	f.Samples = slices.Clone(s.values)
	for _, err := range s.failures {
		f.Fail(err)
	}
	return f
}

// newBench finds out where it is and builds the launcher. What it returns has
// to be cleaned up, with an error too.
func newBench(ctx context.Context, p project.Project, o options) (*bench, error) {
	b := &bench{project: p, o: o, start: time.Now()}
	var err error
	var facts dockerhost.Facts
	if b.docker, facts, err = dockerhost.Connect(ctx); err != nil {
		return b, err
	}
	b.undone(func(context.Context) error { return b.docker.Close() })
	if b.tmp, err = os.MkdirTemp("", "gitops-pipeline-bench-"); err != nil {
		return b, err
	}
	b.undone(func(context.Context) error { return os.RemoveAll(b.tmp) })
	if b.machine, err = machine(facts); err != nil {
		return b, err
	}
	if b.cli, err = buildKit(ctx); err != nil {
		return b, err
	}
	commit, err := command(ctx, p.Root, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return b, err
	}
	b.commit = strings.TrimSpace(commit)
	b.launcher = filepath.Join(b.tmp, "pipeline")
	if _, err := command(ctx, p.Root, nil, "go", "build", "-o", b.launcher, "./cmd/pipeline"); err != nil {
		return b, err
	}
	if b.wanted(7) {
		_, err = b.idleStack(ctx) // from now on it is idle
	}
	return b, err
}

func (b *bench) wanted(row int) bool { return slices.Contains(b.o.rows, row) }

// times is how often something is done: n times, or a few when it is but a look.
func (b *bench) times(n, few int) int {
	if b.o.short {
		return few
	}
	return n
}

// again tells whether something that was done i times is done once more: until
// it was done n times, or few times and the row's time would not do for more.
func (b *bench) again(i, n, few int) bool {
	if i >= b.times(n, few) {
		return false
	}
	spent := time.Since(b.began)
	return i < max(few, 1) || spent+spent/time.Duration(i) <= b.time
}

func (b *bench) say(format string, args ...any) {
	fmt.Printf("%7s  %s\n", time.Since(b.start).Round(time.Second), fmt.Sprintf(format, args...))
}

// undone registers what removes something that is about to be made.
func (b *bench) undone(f func(context.Context) error) { b.undo = append(b.undo, f) }

// cleanUp removes all that was made, the last first, also after an interruption.
func (b *bench) cleanUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var failed []error
	for _, f := range slices.Backward(b.undo) {
		failed = append(failed, f(ctx))
	}
	b.undo = nil
	return errors.Join(failed...)
}

// idleStack is a stack that does nothing from the beginning on.
func (b *bench) idleStack(ctx context.Context) (*stack, error) { return b.once(ctx, &b.idle, "idle") }

// busyStack is the stack that pushes go to.
func (b *bench) busyStack(ctx context.Context) (*stack, error) { return b.once(ctx, &b.busy, "busy") }

func (b *bench) once(ctx context.Context, at **stack, what string) (*stack, error) {
	if *at != nil {
		return *at, nil
	}
	b.say("bringing up the %s stack", what)
	s, err := b.newStack(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.up(ctx); err != nil {
		return nil, err
	}
	*at = s
	return s, nil
}
