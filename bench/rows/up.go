package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// up measures rows 3 and 4. Row 4 is the time from the start of `pipeline up` on empty volumes
// until everything is in place and the runner takes jobs. Row 3 is the time from then, when
// the first job is waiting, until `up` reports that the run is green and its image can be
// pulled.
func up(ctx context.Context, b *Bench) ([]report.Figure, error) {
	first := report.Figure{
		Row: 3, Name: "first run on empty volumes, to an image that can be pulled", Unit: report.Seconds,
		Goals: []report.Goal{{Of: "ratio", Most: 1.3}},
		Note: "from the moment when the runner takes jobs, until `up` ends; baseline: checkout, `go test`, `go vet`, `go build`, " +
			"`docker build --no-cache` and `docker push` in one new container of the job image, on the Docker host",
	}
	up := report.Figure{
		Row: 4, Name: "`up` from images to a runner that takes jobs", Unit: report.Seconds, Goals: []report.Goal{{Of: "p50", Most: 15}},
		Note: "the forge is healthy, repository, secrets and images are in place, the first commit is pushed; without the first run",
	}
	clone, err := b.Site.New(ctx)
	if err != nil {
		return nil, err
	}
	for i := range b.few(6, 2) {
		s, err := b.Site.In(clone.Dir)
		if err != nil {
			return nil, err
		}
		at, err := s.Up(ctx)
		ready, runnerErr := s.RunnerReady(ctx, at.Start)
		err = errors.Join(err, runnerErr)
		if at.Updated.Before(ready) {
			at.Updated = ready
		}
		up.Record(at.Updated.Sub(at.Start).Seconds(), err)
		first.Record(at.End.Sub(ready).Seconds(), err)
		if err == nil && i < 3 {
			took, err := firstJob(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("running the first job by hand: %w", err)
			}
			first.Baseline = append(first.Baseline, took)
		}
		b.Say("  up %.2f s, first run %.2f s, by hand %.2f s", up.Samples, first.Samples, first.Baseline)
		if err := s.Remove(ctx); err != nil {
			return nil, err
		}
	}
	return []report.Figure{first, up}, nil
}

// memory is row 7: the memory of a stack that was idle for ten minutes.
func memory(ctx context.Context, b *Bench) ([]report.Figure, error) {
	s, err := b.Stack(ctx, Idle)
	if err != nil {
		return nil, err
	}
	after := time.Duration(b.few(600, 20)) * time.Second
	b.Say("  the idle stack is left alone until %s after its first run", after)
	if err := pause(ctx, time.Until(s.Since.Add(after))); err != nil {
		return nil, err
	}
	usage, err := s.Usage(ctx)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	figures := []report.Figure{{
		Row: 7, Name: "idle memory, together", Unit: report.Megabytes, Goals: []report.Goal{{Of: "p50", Most: 250}},
		Note: fmt.Sprintf("without the page cache, %s after its first run", after),
	}}
	for _, u := range usage {
		sum += u.Memory / 1e6
		one := report.Figure{Row: 7, Name: "idle memory: " + string(u.Role), Unit: report.Megabytes}
		one.Record(u.Memory/1e6, nil)
		figures = append(figures, one)
	}
	figures[0].Record(sum, nil)
	return figures, nil
}
