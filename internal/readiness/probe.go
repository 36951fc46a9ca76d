package readiness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

func (s Stack) forge(ctx context.Context, _ dockerhost.Container) error {
	_, err := s.Forge.Version(ctx)
	return err
}

// runner asks the forge and the runner itself: to the forge a runner that has
// just died is online for another minute.
func (s Stack) runner(ctx context.Context, c dockerhost.Container, registered func() ([]*sdk.ActionRunner, error)) error {
	if err := s.probe(ctx, c, "runner-supervisor", "probe"); err != nil {
		return err
	}
	list, err := registered()
	if err != nil {
		return err
	}
	why := fmt.Errorf("it is not registered with the forge")
	for _, r := range list {
		if r.Name != s.Name+"-"+c.Runner {
			continue
		}
		switch {
		case r.Disabled:
			return nil // by its user, who wants no jobs on it; doctor mentions it
		case r.Status != "online" && r.Status != "idle" && r.Status != "active":
			why = fmt.Errorf("to the forge it is %s", r.Status)
		default:
			return nil
		}
	}
	return why
}

func (s Stack) jobEngine(ctx context.Context, c dockerhost.Container) error {
	return s.probe(ctx, c, "jobengine", "probe", s.URL+"/api/healthz")
}

// probe runs a command in the container; what it prints when it fails is the error.
func (s Stack) probe(ctx context.Context, c dockerhost.Container, command ...string) error {
	output, code, err := dockerhost.Exec(ctx, s.Docker, c.ID, command...)
	if err != nil || code == 0 {
		return err
	}
	if output == "" {
		output = fmt.Sprintf("%s ended with exit code %d", strings.Join(command, " "), code)
	}
	return errors.New(output)
}
