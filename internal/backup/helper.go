package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// helperLabel marks the containers of this package, besides the stack's label.
// One that exists while no command runs was left behind by a killed command.
const helperLabel = "gitops-pipeline.backup"

// undoLimit bounds what has to be done even after an interruption.
const undoLimit = 30 * time.Second

// makeHelper creates a container with the volumes mounted. The copy is in the
// container's own layer, and is removed with it.
func makeHelper(ctx context.Context, cli *client.Client, stack, image string, command []string, mounts []mount.Mount) (string, error) {
	found, err := cli.ImageInspect(ctx, image)
	if err != nil {
		return "", fmt.Errorf("looking at the image %s: %w", image, err)
	}
	// Docker would create a volume that the image declares, without a label.
	masked := map[string]string{}
	if found.Config != nil {
		for path := range found.Config.Volumes {
			masked[path] = ""
		}
	}
	made, err := cli.ContainerCreate(ctx, &container.Config{
		Image: image, Entrypoint: command, User: "0:0", WorkingDir: "/",
		Labels:    map[string]string{naming.StackLabel: stack, helperLabel: stack},
		OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}, &container.HostConfig{
		Mounts: mounts, Tmpfs: masked, NetworkMode: "none", LogConfig: container.LogConfig{Type: "none"},
		// Files of every owner are read, and keep their owners.
		CapDrop: []string{"ALL"}, CapAdd: []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"}, SecurityOpt: []string{"no-new-privileges"},
	}, nil, nil, "")
	if err != nil {
		return "", fmt.Errorf("making a container over the volumes: %w", err)
	}
	return made.ID, nil
}

// removeHelper removes a container of this package; Leftovers finds it later if
// that fails.
func removeHelper(cli *client.Client, id string) {
	ctx, cancel := context.WithTimeout(context.Background(), undoLimit)
	defer cancel()
	_ = dockerhost.RemoveContainer(ctx, cli, id)
}

// Thaw resumes a paused container; one that is not paused is left alone.
func Thaw(cli *client.Client, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), undoLimit)
	defer cancel()
	err := cli.ContainerUnpause(ctx, id)
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if found, inspectErr := cli.ContainerInspect(ctx, id); inspectErr == nil && !found.State.Paused {
		return nil
	}
	return fmt.Errorf("resuming the forge: %w", err)
}

// Leftovers cleans up after a killed backup: it resumes the forge and removes the
// copy of its data. It tells whether there was anything to clean up. A forge that
// someone else paused is left alone.
func Leftovers(ctx context.Context, cli *client.Client, stack string) (bool, error) {
	helpers, err := cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", helperLabel+"="+stack))})
	if err != nil || len(helpers) == 0 {
		return false, err
	}
	all, err := cli.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", naming.StackLabel+"="+stack), filters.Arg("status", "paused"))})
	if err != nil {
		return false, fmt.Errorf("listing the paused containers: %w", err)
	}
	var failed []error
	for _, c := range all {
		failed = append(failed, Thaw(cli, c.ID))
	}
	for _, c := range helpers {
		if err := dockerhost.RemoveContainer(ctx, cli, c.ID); err != nil {
			failed = append(failed, fmt.Errorf("removing what an interrupted backup left: %w", err))
		}
	}
	return true, errors.Join(failed...)
}
