package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// pauseLimit bounds how long Gitea may be paused: a backup that needs longer is
// given up, and Gitea is resumed.
const pauseLimit = 20 * time.Second

// whilePaused runs f while Gitea is paused, and returns how long it was paused.
func whilePaused(ctx context.Context, cli *client.Client, forge string, guard func(string) (func(), error), f func(context.Context) error) (paused time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pauseLimit, fmt.Errorf("the last step of the copy took longer than %s, the limit of the forge's pause; repeat the command when less is written", pauseLimit))
	defer cancel()
	if forge == "" {
		return 0, f(ctx)
	}
	release, err := guard(forge)
	if err != nil {
		return 0, err
	}
	defer release()
	start, err := pause(ctx, cli, forge, func() error { return Thaw(cli, forge) })
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, Thaw(cli, forge))
		paused = time.Since(start)
	}()
	return 0, f(ctx)
}

// pauseAttempts is how often the pause of a container is tried.
const pauseAttempts = 5

// pausable is what pause needs of the Docker host.
type pausable interface {
	probed
	ContainerPause(ctx context.Context, id string) error
}

// pause pauses a container between two of its health checks, and returns when it
// began. The kernel's freezer gives up while a process of the container waits for
// the disk or is being started, and then freezes nothing: the next pause is tried
// after the next health check. Thaw is called after a failure, as Docker may have
// paused the container and then failed.
func pause(ctx context.Context, host pausable, id string, thaw func() error) (start time.Time, err error) {
	for range pauseAttempts {
		if err := awaitProbe(ctx, host, id); err != nil {
			return start, err
		}
		start = time.Now()
		if err = host.ContainerPause(ctx, id); err == nil {
			return start, nil
		}
		if thawErr := thaw(); thawErr != nil || ctx.Err() != nil {
			return start, errors.Join(fmt.Errorf("pausing the forge: %w", err), thawErr)
		}
	}
	return start, fmt.Errorf("pausing the forge, %d times: %w", pauseAttempts, err)
}

// probed is what awaitProbe needs of the Docker host.
type probed interface {
	ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error)
	ContainerExecInspect(ctx context.Context, id string) (container.ExecInspect, error)
	Events(ctx context.Context, options events.ListOptions) (<-chan events.Message, <-chan error)
}

// awaitProbe returns just after a health check of the container has ended, so
// that none is being started when the container is paused. One that is being
// started joins the container's cgroup and is frozen in it, halfway: Docker can
// then not resume the container until the check's own timeout has killed it,
// which is 5 s for Gitea. See ADR 7.
//
// A container without health checks is not waited for. One whose check does not
// end in the time that it is given is not waited for any longer.
func awaitProbe(ctx context.Context, host probed, id string) error {
	found, err := host.ContainerInspect(ctx, id)
	if err != nil {
		return fmt.Errorf("looking at the forge's container: %w", err)
	}
	check := healthcheck(found)
	if check == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, 2*(check.Interval+check.Timeout))
	defer cancel()
	ended, failed := host.Events(waiting, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("container", id), filters.Arg("event", string(events.ActionExecDie)))})
	for {
		select {
		case <-ended:
		case err := <-failed:
			if waiting.Err() != nil {
				return context.Cause(ctx) // nil when only the wait has ended
			}
			return fmt.Errorf("waiting for the end of a health check: %w", err)
		}
		at := time.Now()
		starting, err := startsCommand(waiting, host, id)
		if err != nil && waiting.Err() == nil {
			return err
		}
		// On a machine that is so slow that the next check is near, that one is waited for.
		if err == nil && !starting && time.Since(at) < check.Interval/2 {
			return nil
		}
	}
}

// healthcheck is a container's health check with Docker's defaults, or nil.
func healthcheck(found container.InspectResponse) *container.HealthConfig {
	if found.Config == nil || found.Config.Healthcheck == nil || found.State == nil || found.State.Health == nil {
		return nil
	}
	check := *found.Config.Healthcheck
	if len(check.Test) == 0 || check.Test[0] == "NONE" {
		return nil
	}
	if check.Interval == 0 {
		check.Interval = 30 * time.Second
	}
	if check.Timeout == 0 {
		check.Timeout = 30 * time.Second
	}
	return &check
}

// startsCommand tells whether Docker is starting a command inside the container,
// a health check or another one: it is said to run, and has no process yet.
func startsCommand(ctx context.Context, host probed, id string) (bool, error) {
	found, err := host.ContainerInspect(ctx, id)
	if err != nil {
		return false, fmt.Errorf("looking at the forge's container: %w", err)
	}
	for _, exec := range found.ExecIDs {
		command, err := host.ContainerExecInspect(ctx, exec)
		if err != nil {
			continue // it has ended
		}
		if command.Running && command.Pid == 0 {
			return true, nil
		}
	}
	return false, nil
}
