package lifecycle

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// Readiness tells whether the stack works.
type Readiness interface {
	// Await waits until everything works; its error names the container that does not.
	Await(ctx context.Context, limit time.Duration) error
	// Check returns what does not work at this moment.
	Check(ctx context.Context) ([]readiness.Fault, error)
}

// settled bounds the wait for a stack that the update did not change: at most, a runner
// is between two jobs.
const settled = 20 * time.Second

// awaitReady ends when every runner takes jobs and every job engine reaches the forge.
var awaitReady = Step{"waiting until the stack works", func(ctx context.Context, s *State) error {
	limit := readiness.Limit
	if s.Update != nil && s.Update.Changed() == 0 {
		limit = settled
	}
	return works(s, s.readiness().Await(ctx, limit))
}}

// recreateBroken is awaitReady, which replaces the containers that do not work and waits
// again. The data are on volumes and stay.
var recreateBroken = Step{"replacing containers that do not work", func(ctx context.Context, s *State) error {
	ready := s.readiness()
	err := ready.Await(ctx, settled)
	if err == nil || ctx.Err() != nil {
		return works(s, err)
	}
	faults, checkErr := ready.Check(ctx)
	if checkErr != nil {
		return errors.Join(err, checkErr)
	}
	if len(faults) > 0 {
		// The forge too: it may be the one that has lost its name in the network.
		names := []string{containerResource(naming.Forge, "")}
		for _, f := range faults {
			s.Out.State("failed", "%s: %v", f.Subject(), f.Why)
			if name := containerResource(f.Role, f.Runner); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		first := s.Update // it knows what was pushed
		err := replace(names...).Run(ctx, s)
		s.Update = first
		if err != nil {
			return err
		}
	}
	return works(s, ready.Await(ctx, readiness.Limit))
}}

// works prints that the stack works, if err is nil.
func works(s *State, err error) error {
	if err == nil {
		s.Out.State("ok", "the forge answers; every runner takes jobs")
	}
	return err
}

// ready is the step that fits the choice of --refresh.
func ready(refresh bool) Step {
	if refresh {
		return recreateBroken
	}
	return awaitReady
}

// containerResource is the logical name of a container's resource in the program.
func containerResource(role naming.Role, runner string) string {
	switch role {
	case naming.Runner:
		return runner + "-container"
	case naming.JobEngine:
		return runner + "-engine"
	default:
		return "forge-container"
	}
}

func (s *State) readiness() Readiness {
	return s.Machine.Readiness(readiness.For(s.Config, s.Stack, s.Docker, s.forge()))
}
