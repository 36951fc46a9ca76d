package readiness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Await checks until everything works, at most limit. Its error names the
// first container that does not, with the end of that container's log.
func (s Stack) Await(ctx context.Context, limit time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var last []Fault
	for {
		faults, err := s.Check(bounded)
		switch {
		case err == nil && len(faults) == 0:
			return nil
		case err != nil && bounded.Err() == nil:
			return err
		case bounded.Err() == nil:
			last = faults
		}
		select {
		case <-bounded.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return s.problem(ctx, limit, last)
		case <-tick.C:
		}
	}
}

func (s Stack) problem(ctx context.Context, limit time.Duration, faults []Fault) error {
	what := fmt.Sprintf("waiting %s for stack %q to work", limit, s.Name)
	if len(faults) == 0 {
		return problem.New(what, errors.New("the Docker host was too slow to be asked"), "repeat the command")
	}
	var why []error
	for _, f := range faults {
		why = append(why, fmt.Errorf("%s: %w", f.Subject(), f.Why))
	}
	first := faults[0]
	next := fmt.Sprintf("see what is wrong: pipeline doctor --stack %s; fix what can be fixed: pipeline doctor --fix --stack %s", s.Name, s.Name)
	if first.Container == "" {
		return problem.New(what, errors.Join(why...), fmt.Sprintf("create it again: pipeline up --refresh --stack %s", s.Name))
	}
	if lines := s.lastLines(ctx, first.Container); lines != "" {
		why = append(why, fmt.Errorf("the end of the log of %s:\n%s", first.Subject(), lines))
	}
	return problem.New(what, errors.Join(why...), next)
}

func (s Stack) lastLines(ctx context.Context, id string) string {
	log, err := dockerhost.LastLog(ctx, s.Docker, id, logLines)
	if err != nil {
		return err.Error()
	}
	return log
}
