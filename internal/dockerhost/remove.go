package dockerhost

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// RemoveContainer kills and removes a container, with its anonymous volumes. One
// that is gone is no error; if somebody else is removing it already, as a killed
// launcher's last request may, RemoveContainer waits until it is gone.
func RemoveContainer(ctx context.Context, cli client.ContainerAPIClient, id string) error {
	err := cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if !errdefs.IsConflict(err) { // with Force, the only conflict is another removal
		return fmt.Errorf("removing container %.12s: %w", id, err)
	}
	gone, failed := cli.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-gone:
		return nil
	case waitErr := <-failed:
		if errdefs.IsNotFound(waitErr) {
			return nil
		}
		return fmt.Errorf("removing container %.12s: %w; waiting for it: %w", id, err, waitErr)
	}
}
