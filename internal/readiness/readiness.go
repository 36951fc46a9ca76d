// Package readiness tells whether a stack works: whether its containers run,
// its runners take jobs, and its job engines reach the forge.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Limits of the checks.
const (
	Limit      = 90 * time.Second // how long a stack that was just started may take
	probeLimit = 10 * time.Second // of one probe
	poll       = 250 * time.Millisecond
	logLines   = 12 // of a faulty container's log, in an error
)

// Forge is what the checks need of the forge's API.
type Forge interface {
	Version(ctx context.Context) (string, error)
	Runners(ctx context.Context) ([]*sdk.ActionRunner, error)
}

// Docker is what the checks need of the Docker host.
type Docker interface {
	client.ContainerAPIClient
	client.SystemAPIClient
}

// Stack is what is expected to work.
type Stack struct {
	Name       string
	URL        string   // the forge's canonical address
	Runners    []string // logical names, such as runner-0
	JobEngines bool     // each runner has a job engine of its own
	Docker     Docker
	Forge      Forge
}

// Fault is something that does not work.
type Fault struct {
	Role      naming.Role
	Runner    string // the runner it belongs to; empty for the forge
	Container string // its container's ID; empty if there is none
	Restarts  int    // how often Docker has restarted the container
	Why       error
}

// Subject names what is faulty, for people.
func (f Fault) Subject() string {
	switch f.Role {
	case naming.Runner:
		return "runner " + f.Runner
	case naming.JobEngine:
		return "the job engine of " + f.Runner
	default:
		return "the forge"
	}
}

// For returns the Stack that a configuration describes.
func For(cfg config.Config, stack string, docker Docker, forge Forge) Stack {
	return Stack{
		Name: stack, URL: cfg.URL(), Runners: RunnerNames(cfg.Runner.Containers()),
		JobEngines: cfg.Runner.Engine == config.EngineOwn, Docker: docker, Forge: forge,
	}
}

// RunnerNames are the logical names of count runners, as the program gives them.
func RunnerNames(count int) []string {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("runner-%d", i))
	}
	return names
}

// Check looks once at everything, side by side, and returns what does not work:
// the forge first, as the rest depends on it.
func (s Stack) Check(ctx context.Context) ([]Fault, error) {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Name)
	if err != nil {
		return nil, err
	}
	checks := []check{{s.forge, naming.Forge, ""}}
	registered := sync.OnceValues(func() ([]*sdk.ActionRunner, error) { return s.Forge.Runners(ctx) })
	for _, name := range s.Runners {
		checks = append(checks, check{func(ctx context.Context, c dockerhost.Container) error {
			return s.runner(ctx, c, registered)
		}, naming.Runner, name})
		if s.JobEngines {
			checks = append(checks, check{s.jobEngine, naming.JobEngine, name})
		}
	}
	found := make([]*Fault, len(checks))
	var wait sync.WaitGroup
	for i, c := range checks {
		wait.Go(func() { found[i] = s.run(ctx, list, c) })
	}
	wait.Wait()
	var faults []Fault
	for _, f := range found {
		if f != nil {
			faults = append(faults, *f)
		}
	}
	return faults, nil
}

// check is one container to look at, and what it has to be able to do.
type check struct {
	probe  func(ctx context.Context, c dockerhost.Container) error
	role   naming.Role
	runner string
}

func (s Stack) run(ctx context.Context, list []dockerhost.Container, c check) *Fault {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	fault := &Fault{Role: c.role, Runner: c.runner}
	one, ok := dockerhost.Of(list, c.role, c.runner)
	if !ok {
		fault.Why = errors.New("it has no container")
		return fault
	}
	fault.Container = one.ID
	info, err := s.Docker.ContainerInspect(ctx, one.ID)
	if err == nil {
		fault.Restarts = info.RestartCount
		err = running(info)
	}
	if err == nil {
		err = c.probe(ctx, one)
	}
	if err == nil {
		return nil
	}
	fault.Why = err
	return fault
}

// running refuses a container that does not run, or is not healthy.
func running(c container.InspectResponse) error {
	if c.ContainerJSONBase == nil || c.State == nil {
		return errors.New("Docker does not say how it is")
	}
	switch {
	case c.State.Restarting:
		return fmt.Errorf("it restarts again and again (%d times so far; exit code %d)", c.RestartCount, c.State.ExitCode)
	case c.State.Paused:
		return errors.New("it is paused")
	case !c.State.Running:
		return fmt.Errorf("it does not run (%s, exit code %d)", c.State.Status, c.State.ExitCode)
	case c.State.Health != nil && c.State.Health.Status != container.Healthy && c.State.Health.Status != container.NoHealthcheck:
		return fmt.Errorf("its health check says: %s", c.State.Health.Status)
	}
	return nil
}
