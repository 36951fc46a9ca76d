package runnersupervisor

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// jobPrefix is the prefix of the names of containers that gitea-runner creates for a job.
const jobPrefix = "GITEA-ACTIONS-TASK-"

// dockerEngine is a job engine that is reached through its Docker API.
type dockerEngine struct{ cli *client.Client }

// NewJobEngine returns a client of the job engine at an address such as
// unix:///run/engine/docker/docker.sock.
func NewJobEngine(address string) (JobEngine, error) {
	cli, err := client.NewClientWithOpts(client.WithHost(address), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, fmt.Errorf("reading the job engine's address %s: %w", address, err)
	}
	return dockerEngine{cli}, nil
}

// RemoveJobs removes the containers of jobs, running or not.
func (e dockerEngine) RemoveJobs(ctx context.Context) error {
	jobs, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", jobPrefix))})
	if err != nil {
		return err
	}
	var failed []error
	for _, job := range jobs {
		failed = append(failed, e.cli.ContainerRemove(ctx, job.ID, container.RemoveOptions{Force: true}))
	}
	return errors.Join(failed...)
}

// Ended follows the engine's events. Their stream ends when the engine ends.
func (e dockerEngine) Ended(ctx context.Context) error {
	said, ended := e.cli.Events(ctx, events.ListOptions{Filters: filters.NewArgs(filters.Arg("type", string(events.DaemonEventType)))})
	for {
		select {
		case <-said:
		case err := <-ended:
			return err
		}
	}
}
