package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// lives are whole lives of a stack, from its images to its end, and the same by
// hand in turn: rows 3, 4 and 6 are moments of them.
type lives struct {
	up, upByHand       samples
	first, firstByHand samples
	down, downByHand   samples // the data is kept
	purge, purgeByHand samples
}

// upFromImages is row 4: from the start of `pipeline up` on empty volumes until
// everything is in place and the runner takes jobs.
func (b *bench) upFromImages(ctx context.Context) ([]report.Figure, error) {
	l, err := b.wholeLives(ctx)
	if l == nil {
		return nil, err
	}
	return []report.Figure{l.up.take(report.Figure{
		Name: "`up` from images to a runner that takes jobs", Unit: report.Seconds,
		Floor: &report.Floor{
			What:    "the same containers, API calls and pushes by a short program, what can be done side by side done so",
			Samples: l.upByHand.values,
		},
		Goals: []report.Goal{{Of: "ratio", Most: 1.6}, {Of: "p50", Most: 15}},
		Note:  "the forge is healthy, repository, secrets and images are in place, the first commit is pushed; without the first run",
	})}, err
}

// firstRun is row 3: from the moment when the new stack's runner takes jobs,
// with the first one waiting, to a green run and an image that can be pulled.
func (b *bench) firstRun(ctx context.Context) ([]report.Figure, error) {
	l, err := b.wholeLives(ctx)
	if l == nil {
		return nil, err
	}
	return []report.Figure{l.first.take(report.Figure{
		Name: "first run on empty volumes, to an image that can be pulled", Unit: report.Seconds,
		Floor: &report.Floor{
			What:    "checkout, `go test`, `go vet`, `go build`, `docker build --no-cache` and `docker push` in one fresh container of the job image, on the host's engine",
			Samples: l.firstByHand.values,
		},
		Goals: []report.Goal{{Of: "ratio", Most: 1.3}},
		Note:  "from the moment when the runner takes jobs; the first one waits for it",
	})}, err
}

// down is row 6: the end of a stack, with and without its data.
func (b *bench) down(ctx context.Context) ([]report.Figure, error) {
	l, err := b.wholeLives(ctx)
	if l == nil {
		return nil, err
	}
	goals := []report.Goal{{Of: "over", Most: 5}}
	return []report.Figure{
		l.down.take(report.Figure{
			Name: "`down`, data kept", Unit: report.Seconds, Goals: goals,
			Floor: &report.Floor{What: "removing the same containers and their network through the engine's API", Samples: l.downByHand.values},
		}),
		l.purge.take(report.Figure{
			Name: "`down --purge`", Unit: report.Seconds, Goals: goals,
			Floor: &report.Floor{What: "the same, then volumes and image", Samples: l.purgeByHand.values},
		}),
	}, err
}

// wholeLives measures once, for all three rows.
func (b *bench) wholeLives(ctx context.Context) (*lives, error) {
	if b.lives != nil {
		return b.lives, nil
	}
	made, err := b.newStack(ctx) // for its folder
	if err != nil {
		return nil, err
	}
	l := &lives{}
	for i := 0; b.again(i, 6, 2); i++ {
		s, err := b.stackIn(made.dir)
		if err != nil {
			return nil, err
		}
		if err := b.life(ctx, l, s, i < 3, i%2 == 1); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			b.say("  life %d failed: %v", i+1, err)
			if err := s.remove(ctx); err != nil {
				return nil, err
			}
		}
	}
	b.lives = l
	return l, nil
}

// life brings a stack up and takes it down again, with its data or without, and
// then the same by hand; the first run by hand, which is slow, only where told.
func (b *bench) life(ctx context.Context, l *lives, s *stack, job, purge bool) error {
	up, first, err := s.birth(ctx)
	if err != nil {
		l.up.fail(err)
		l.first.fail(err)
		return err
	}
	l.up.add(up)
	l.first.add(first)
	b.say("  up %.2f s, first run %.2f s", up, first)
	if job && b.wanted(3) {
		took, err := b.freshJob(ctx, s)
		if err != nil {
			return fmt.Errorf("running the first job by hand: %w", err)
		}
		l.firstByHand.add(took)
		b.say("  first run by hand %.2f s", took)
	}
	if !b.wanted(4) && !b.wanted(6) {
		return s.remove(ctx)
	}
	plan, err := b.blueprint(ctx, s)
	if err != nil {
		return err
	}
	args, ended, endedByHand := []string{"down"}, &l.down, &l.downByHand
	if purge {
		args, ended, endedByHand = []string{"down", "--purge", "--yes"}, &l.purge, &l.purgeByHand
	}
	took, err := timed(func() error { _, err := s.run(ctx, args...); return err })
	if err != nil {
		ended.fail(err)
		return err
	}
	ended.add(took)
	b.say("  %v %.2f s", args, took)

	hand, err := plan.build(ctx, s.dir)
	if err != nil {
		return fmt.Errorf("bringing the stack up by hand: %w", err)
	}
	l.upByHand.add(hand.took)
	if took, err = hand.end(ctx, purge); err != nil {
		return fmt.Errorf("taking the stack down by hand: %w", err)
	}
	endedByHand.add(took)
	b.say("  by hand up %.2f s, down %.2f s", hand.took, took)
	return s.remove(ctx) // what is left, and the images' names
}

// birth brings the stack up, and returns how long it took until its runner took
// jobs, and from then to the end of the first run.
func (s *stack) birth(ctx context.Context) (up, first float64, err error) {
	commit, err := command(ctx, s.dir, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return 0, 0, err
	}
	commit = commit[:40]
	type end struct {
		at  time.Time
		err error
	}
	var done time.Time
	green := make(chan end, 1)
	start := time.Now()
	if _, err := s.up(ctx, func() {
		done = time.Now()
		go func() {
			err := s.connect(ctx)
			if err == nil {
				_, err = s.forge.green(ctx, repository, commit, func() (bool, error) { return s.forge.pullable(ctx, "service", commit) })
			}
			green <- end{time.Now(), err}
		}()
	}); err != nil {
		return 0, 0, err
	}
	id, err := s.b.container(ctx, s.name, runnerRole)
	if err != nil {
		return 0, 0, err
	}
	taking, err := s.b.awaitRunner(ctx, id, start)
	if err != nil {
		return 0, 0, err
	}
	run := <-green
	if run.err != nil {
		return 0, 0, run.err
	}
	if taking.After(done) {
		done = taking
	}
	return done.Sub(start).Seconds(), run.at.Sub(taking).Seconds(), nil
}
