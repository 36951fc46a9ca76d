package rotate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// How long to wait.
const (
	runnerIdle   = 30 * time.Minute // for running jobs
	runnerOnline = time.Minute
)

// Credentials registers every runner of the stack again, one after the other.
// Each runner is deleted at the forge first, so the old credential is void and no
// dead runner stays listed. A runner takes no new job meanwhile, and a running job
// ends first.
func Credentials(ctx context.Context, cli *client.Client, stack string, f *gitea.Client, progress io.Writer) error {
	found, err := containers(ctx, cli, stack, naming.Runner)
	if err != nil {
		return err
	}
	for _, r := range found {
		name := stack + "-" + r.Runner
		if err := credential(ctx, cli, r.ID, name, f, progress); err != nil {
			return problem.New("registering runner "+name+" again", err, "repeat the command; it continues from here")
		}
	}
	return nil
}

func credential(ctx context.Context, cli *client.Client, id, name string, f *gitea.Client, progress io.Writer) error {
	if err := disable(ctx, cli, id, name, f); err != nil {
		return err
	}
	if err := Idle(ctx, f, name, progress); err != nil {
		return err
	}
	grace := stopGrace
	if err := cli.ContainerStop(ctx, id, container.StopOptions{Timeout: &grace}); err != nil {
		return fmt.Errorf("stopping it: %w", err)
	}
	if err := f.DeleteRunners(ctx, name); err != nil {
		return err
	}
	// Without a registration the supervisor registers the runner.
	if err := put(ctx, cli, id, runnerDir,
		file{name: ".runner", mode: 0o600}, file{name: disabledFile, mode: 0o600}); err != nil {
		return err
	}
	if err := cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return fmt.Errorf("starting it: %w", err)
	}
	return await(ctx, runnerOnline, "the runner to be online", func() (bool, string, error) {
		runners, err := f.RunnersNamed(ctx, name)
		if err != nil || len(runners) == 0 {
			return false, "not registered", err
		}
		return runners[0].Status == "online", runners[0].Status, nil
	})
}

// Idle waits until no runner whose name starts with prefix has a job.
func Idle(ctx context.Context, f *gitea.Client, prefix string, progress io.Writer) error {
	said := false
	err := await(ctx, runnerIdle, "running jobs to end", func() (bool, string, error) {
		runners, err := f.RunnersNamed(ctx, prefix)
		if err != nil {
			return false, "", err
		}
		for _, r := range runners {
			if !r.Busy || r.Status == "offline" {
				continue
			}
			if !said {
				said = true
				fmt.Fprintf(progress, "waiting for the job of runner %s to end, at most %s\n", r.Name, runnerIdle)
			}
			return false, r.Name + " is busy", nil
		}
		return true, "", nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return problem.New("waiting for the runners", err, "let the jobs end or cancel them, then repeat the command")
	}
	return err
}
