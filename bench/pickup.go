package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// fetchInterval is how often an idle runner asks for a job; pushes come at any
// moment of it.
const fetchInterval = 500 * time.Millisecond

// pickUp is row 2: from the end of `git push` to the job's first line, and what
// a runner costs that waits for it.
func (b *bench) pickUp(ctx context.Context) ([]report.Figure, error) {
	s, err := b.busyStack(ctx)
	if err != nil {
		return nil, err
	}
	figures, err := b.idleTime(ctx)
	if err != nil {
		return nil, err
	}
	tiny, err := b.newTiny(ctx, s)
	if err != nil {
		return figures, err
	}
	var picks samples
	for i := 0; b.again(i, 50, 5); i++ {
		took, err := tiny.pickUp(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			picks.fail(err)
			b.say("  pick-up %d failed: %v", i+1, err)
			continue
		}
		picks.add(took)
	}
	goals := []report.Goal{{Of: "mean", Most: 0.5}, {Of: "p99", Most: 1.2}}
	note := "an idle runner; from the end of `git push` to the time that the job's first line carries"
	figures = append([]report.Figure{picks.take(report.Figure{
		Name: "pick-up, an echo", Unit: report.Seconds, Goals: goals, Note: note,
	})}, figures...)
	if len(b.pushPicks.values) > 0 {
		figures = append(figures, b.pushPicks.take(report.Figure{
			Name: "pick-up, the pushes of row 1", Unit: report.Seconds, Goals: goals,
		}))
	}
	return figures, nil
}

// idleTime is the processor time of each container of a stack that waits.
func (b *bench) idleTime(ctx context.Context) ([]report.Figure, error) {
	s := b.idle
	if s == nil {
		s = b.busy
	}
	over := time.Duration(b.times(60, 10)) * time.Second
	b.say("  watching an idle stack for %s", over)
	before, start := map[string]time.Duration{}, time.Now()
	groups := map[string]cgroup{}
	for _, role := range roles {
		id, err := b.container(ctx, s.name, role)
		if err != nil {
			return nil, err
		}
		if groups[role], err = b.cgroup(ctx, id); err != nil {
			return nil, err
		}
		if before[role], err = groups[role].cpu(); err != nil {
			return nil, err
		}
	}
	if err := pause(ctx, over); err != nil {
		return nil, err
	}
	var figures []report.Figure
	for _, role := range []string{runnerRole, engineRole, forgeRole} {
		after, err := groups[role].cpu()
		if err != nil {
			return nil, err
		}
		f := report.Figure{
			Name: "idle " + short(role), Unit: report.Percent,
			Samples: []float64{100 * (after - before[role]).Seconds() / time.Since(start).Seconds()},
		}
		if role == runnerRole {
			f.Goals = []report.Goal{{Of: "p50", Most: 2}}
			f.Note = fmt.Sprintf("processor time over %s", over)
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// short is what people call a container.
func short(role string) string {
	return map[string]string{forgeRole: "forge", engineRole: "engine", runnerRole: "runner"}[role]
}

// tiny is a repository whose workflow only prints a word.
type tiny struct {
	s    *stack
	name string
	dir  string
	n    int
}

const tinyWorkflow = `on: push
jobs:
  echo:
    runs-on: self-hosted
    steps:
      - run: echo it runs
`

func (b *bench) newTiny(ctx context.Context, s *stack) (*tiny, error) {
	dir, err := os.MkdirTemp(b.tmp, "tiny-")
	if err != nil {
		return nil, err
	}
	t := &tiny{s: s, name: filepath.Base(dir), dir: dir}
	if _, _, err := s.forge.AdminCreateRepo(owner, gitea.CreateRepoOption{Name: t.name, Private: true}); err != nil {
		return nil, fmt.Errorf("making a repository: %w", err)
	}
	path := filepath.Join(t.dir, ".gitea", "workflows", "echo.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, []byte(tinyWorkflow), 0o644); err != nil {
		return nil, err
	}
	return t, git(ctx, t.dir, "init", "--quiet", "--initial-branch=main")
}

// commit makes one more commit.
func (t *tiny) commit(ctx context.Context) (string, error) {
	t.n++
	if err := os.WriteFile(filepath.Join(t.dir, "n"), []byte(fmt.Sprint(t.n)), 0o644); err != nil {
		return "", err
	}
	return commitAll(ctx, t.dir)
}

// push pushes the last commit to a branch.
func (t *tiny) push(ctx context.Context, branch string) error {
	return git(ctx, t.dir, "push", "--quiet", t.s.forge.clone(owner, t.name), "HEAD:refs/heads/"+branch)
}

// pickUp pushes to an idle runner, at any moment between two of its questions,
// and returns how long it took to begin.
func (t *tiny) pickUp(ctx context.Context) (float64, error) {
	commit, err := t.commit(ctx)
	if err != nil {
		return 0, err
	}
	if err := pause(ctx, rand.N(fetchInterval)); err != nil {
		return 0, err
	}
	if err := t.push(ctx, "main"); err != nil {
		return 0, err
	}
	pushed := time.Now()
	run, err := t.s.forge.green(ctx, t.name, commit, nil)
	if err != nil {
		return 0, err
	}
	ended := time.Now()
	line, err := t.s.forge.firstLine(t.name, run.ID)
	if err != nil {
		return 0, err
	}
	return line.Sub(pushed).Seconds(), t.s.ready(ctx, ended.Add(-often))
}
