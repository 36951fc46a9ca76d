package readiness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

const (
	stopGrace  = 30               // seconds that a container has to stop before it is killed
	firstRound = 30 * time.Second // how long restarted runners and job engines may take
)

// Repair restarts the containers that do not work and waits until the stack
// works. A restart gives a container its networks and its names in them again,
// and makes a runner register where the forge does not know it; no data is lost
// by it. Where that does not help, the forge is restarted too: it may have lost
// its own name in the network. A container that is missing is left to `up`.
func (s Stack) Repair(ctx context.Context, progress io.Writer) error {
	faults, err := s.Check(ctx)
	if err != nil || len(faults) == 0 {
		return err
	}
	if err := s.restart(ctx, faults, progress); err != nil {
		return err
	}
	if faults[0].Role == naming.Forge {
		return s.Await(ctx, Limit)
	}
	if s.Await(ctx, firstRound) == nil {
		return nil
	}
	forge, err := s.container(ctx, naming.Forge)
	if err != nil {
		return err
	}
	faults = append([]Fault{{Role: naming.Forge, Container: forge}}, faults...)
	if err := s.restart(ctx, faults, progress); err != nil {
		return err
	}
	return s.Await(ctx, Limit)
}

// restart restarts the faulty containers, the forge first and the runners last:
// they need the others.
func (s Stack) restart(ctx context.Context, faults []Fault, progress io.Writer) error {
	for _, f := range faults {
		if f.Container == "" {
			return problem.New(fmt.Sprintf("repairing stack %q", s.Name), fmt.Errorf("%s: %w", f.Subject(), f.Why), "create it again: pipeline up --refresh --stack "+s.Name)
		}
	}
	for _, role := range []naming.Role{naming.Forge, naming.JobEngine, naming.Runner} {
		for _, f := range faults {
			if f.Role != role {
				continue
			}
			fmt.Fprintf(progress, "restarting %s\n", f.Subject())
			grace := stopGrace
			if err := s.Docker.ContainerRestart(ctx, f.Container, container.StopOptions{Timeout: &grace}); err != nil {
				return problem.New("restarting "+f.Subject(), err, "repeat the command")
			}
		}
	}
	return nil
}

// container is the ID of the one container of a role.
func (s Stack) container(ctx context.Context, role naming.Role) (string, error) {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Name, role)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", problem.New("looking for the container with the role "+string(role), errors.New("it has no container"), "create it again: pipeline up --refresh --stack "+s.Name)
	}
	return list[0].ID, nil
}
