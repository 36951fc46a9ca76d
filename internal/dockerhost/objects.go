package dockerhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Object is one labelled object of the Docker host.
type Object struct {
	Kind     string      `json:"kind"` // container, network, volume or image
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Role     naming.Role `json:"role,omitempty"`     // empty for images, and for containers that someone ran from one
	Checkout string      `json:"checkout,omitempty"` // that created it, where a label says so
}

// FindObjects lists what carries the label of the stack, in the order of removal.
func FindObjects(ctx context.Context, cli client.APIClient, stack string) ([]Object, error) {
	own := filters.NewArgs(filters.Arg("label", naming.StackLabel+"="+stack))
	var objects []Object
	containers, err := cli.ContainerList(ctx, container.ListOptions{All: true, Filters: own})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range containers {
		objects = append(objects, Object{"container", c.ID, strings.TrimPrefix(slices.Concat(c.Names, []string{c.ID})[0], "/"), naming.Role(c.Labels[naming.RoleLabel]), c.Labels[naming.CheckoutLabel]})
	}
	networks, err := cli.NetworkList(ctx, network.ListOptions{Filters: own})
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	for _, n := range networks {
		objects = append(objects, Object{"network", n.ID, n.Name, naming.Network, ""})
	}
	volumes, err := cli.VolumeList(ctx, volume.ListOptions{Filters: own})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	for _, v := range volumes.Volumes {
		objects = append(objects, Object{"volume", v.Name, v.Name, naming.Role(v.Labels[naming.RoleLabel]), ""})
	}
	images, err := cli.ImageList(ctx, image.ListOptions{Filters: own})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	for _, i := range images {
		names := i.RepoTags
		if len(names) == 0 {
			names = []string{i.ID}
		}
		for _, name := range names {
			objects = append(objects, Object{"image", name, name, "", ""})
		}
	}
	return objects, nil
}

// RemoveObjects removes the objects; one that is gone already is no error. It continues
// after a failure, and returns all failures.
func RemoveObjects(ctx context.Context, cli client.APIClient, objects []Object) error {
	var failed []error
	for _, t := range objects {
		var err error
		switch t.Kind {
		case "container":
			err = RemoveContainer(ctx, cli, t.ID)
		case "network":
			err = cli.NetworkRemove(ctx, t.ID)
		case "volume":
			err = cli.VolumeRemove(ctx, t.ID, false)
		case "image":
			_, err = cli.ImageRemove(ctx, t.ID, image.RemoveOptions{PruneChildren: true})
		}
		if err != nil && !errdefs.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("removing %s %s: %w", t.Kind, t.Name, err))
		}
	}
	return errors.Join(failed...)
}
