package backup

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Restore makes the archive's volumes, which must not be there, and fills them.
func (a *Archive) Restore(ctx context.Context, cli *client.Client, image string) error {
	stack := a.Manifest.Stack
	var mounts []mount.Mount
	for _, v := range a.Manifest.Volumes {
		name := naming.Physical(stack, v.Name)
		if _, err := cli.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: naming.Labels(stack, v.Role, v.Runner)}); err != nil {
			return fmt.Errorf("making the volume %s: %w", name, err)
		}
		mounts = append(mounts, mount.Mount{
			Type: mount.TypeVolume, Source: name, Target: "/" + volumesDir + "/" + v.Name,
			VolumeOptions: &mount.VolumeOptions{NoCopy: true},
		})
	}
	// It never runs: the Docker host writes into the volumes through it.
	helper, err := makeHelper(ctx, cli, stack, image, []string{"/bin/true"}, mounts)
	if err != nil {
		return err
	}
	defer removeHelper(cli, helper)
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := a.Volumes(w)
		_ = w.CloseWithError(err)
		read <- err
	}()
	err = cli.CopyToContainer(ctx, helper, "/", r, container.CopyToContainerOptions{})
	_ = r.CloseWithError(errors.New("the Docker host has ended the copy"))
	// The reader's error is the cause of the Docker host's.
	if readErr := <-read; readErr != nil && err == nil || errors.Is(readErr, ErrDamaged) || errors.Is(readErr, ErrNoBackup) {
		return readErr
	}
	if err != nil {
		return fmt.Errorf("filling the volumes: %w", err)
	}
	return nil
}
