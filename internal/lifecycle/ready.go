package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// Readiness tells whether the stack works.
type Readiness interface {
	// Await waits until everything works; its error names the part that does not.
	Await(ctx context.Context, limit time.Duration) error
	// Check returns what does not work at this moment.
	Check(ctx context.Context) ([]readiness.Fault, error)
}

// awaitReady ends when every runner is online and every job engine reaches the forge.
var awaitReady = Step{"waiting until the stack works", func(ctx context.Context, s *State) error {
	return s.readiness().Await(ctx, readiness.Limit)
}}

// recreateBroken is awaitReady, which replaces the containers that do not work and waits
// again. The data are on volumes and stay.
var recreateBroken = Step{"replacing containers that do not work", func(ctx context.Context, s *State) error {
	ready := s.readiness()
	err := ready.Await(ctx, readiness.Limit)
	if err == nil || ctx.Err() != nil {
		return err
	}
	faults, checkErr := ready.Check(ctx)
	if checkErr != nil {
		return errors.Join(err, checkErr)
	}
	var names []string
	for _, f := range faults {
		s.Out.State("failed", "%s: %v", f.Part(), f.Why)
		names = append(names, containerResource(f.Role, f.Runner))
	}
	if len(names) > 0 {
		if err := replace(names...).Run(ctx, s); err != nil {
			return err
		}
	}
	return ready.Await(ctx, readiness.Limit)
}}

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
	return s.Machine.Readiness(readiness.Stack{
		Name: s.Stack, URL: s.Config.URL(), Runners: readiness.RunnerNames(s.Config.Runner.Containers()),
		JobEngines: s.Config.Runner.Engine == config.EngineOwn, Docker: s.Docker, Forge: s.forge(),
	})
}
