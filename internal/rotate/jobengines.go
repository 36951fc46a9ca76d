package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// JobEngines restarts each runner's job engine: a job engine caches the
// registry's tokens, which a new signing secret makes invalid, and
// BuildKit would fail with them. The Docker host itself is not restarted.
func JobEngines(ctx context.Context, cli *client.Client, stack string) error {
	engines, err := containers(ctx, cli, stack, naming.JobEngine)
	if errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	runners, err := containers(ctx, cli, stack, naming.Runner)
	if err != nil {
		return err
	}
	for _, engine := range engines {
		runner, _ := dockerhost.Of(runners, naming.Runner, engine.Runner)
		if err := restartJobEngine(ctx, cli, engine.ID, runner.ID); err != nil {
			return problem.New("restarting the job engine of "+engine.Runner, err, "repeat the command")
		}
	}
	return nil
}

func restartJobEngine(ctx context.Context, cli *client.Client, engine, runner string) error {
	grace := stopGrace
	stop := container.StopOptions{Timeout: &grace}
	if runner != "" {
		if err := cli.ContainerStop(ctx, runner, stop); err != nil {
			return fmt.Errorf("stopping its runner: %w", err)
		}
	}
	if err := cli.ContainerRestart(ctx, engine, stop); err != nil {
		return err
	}
	if err := awaitHealthy(ctx, cli, engine, "the job engine"); err != nil {
		return err
	}
	if runner == "" {
		return nil
	}
	if err := cli.ContainerStart(ctx, runner, container.StartOptions{}); err != nil {
		return fmt.Errorf("starting its runner: %w", err)
	}
	return nil
}

// awaitHealthy waits for a container's health check.
func awaitHealthy(ctx context.Context, cli *client.Client, id, what string) error {
	return await(ctx, healthyWithin, what+" to be healthy", func() (bool, string, error) {
		c, err := cli.ContainerInspect(ctx, id)
		if err != nil || c.State == nil || c.State.Health == nil {
			return false, "", err
		}
		return c.State.Health.Status == container.Healthy, c.State.Health.Status, nil
	})
}
