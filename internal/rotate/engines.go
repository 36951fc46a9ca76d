package rotate

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

var engineContainer = regexp.MustCompile(`^(runner-\d+)-engine`)

// Engines restarts each runner's engine: a Docker engine keeps the registry's
// tokens for a while, which a new signing secret voids, and BuildKit would fail
// with them. The runner lives in its engine's network and restarts with it.
// The host's own engine is left alone.
func Engines(ctx context.Context, cli *client.Client, stack string) error {
	engines, err := containers(ctx, cli, stack, engineContainer)
	if errors.Is(err, errMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	runners, err := containers(ctx, cli, stack, runnerContainer)
	if err != nil {
		return err
	}
	for name, id := range engines {
		if err := restartEngine(ctx, cli, id, runners[name]); err != nil {
			return problem.New("restarting the engine of "+name, err, "repeat the command")
		}
	}
	return nil
}

func restartEngine(ctx context.Context, cli *client.Client, engine, runner string) error {
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
	if err := awaitHealthy(ctx, cli, engine, "the engine"); err != nil {
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
