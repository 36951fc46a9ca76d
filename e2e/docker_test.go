//go:build e2e

package e2e

import (
	"context"
	"net"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// objects are the objects of a stack on the Docker host.
type objects struct{ containers, networks, volumes []string }

func (o objects) count() int {
	return len(o.containers) + len(o.networks) + len(o.volumes)
}

func (p *project) labelled() objects {
	docker := engine(p.t)
	defer docker.Close()
	ctx := context.Background()
	mine := filters.NewArgs(filters.Arg("label", label+"="+p.stack))
	var o objects
	containers, err := docker.ContainerList(ctx, container.ListOptions{All: true, Filters: mine})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range containers {
		o.containers = append(o.containers, c.ID)
	}
	networks, err := docker.NetworkList(ctx, network.ListOptions{Filters: mine})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, n := range networks {
		o.networks = append(o.networks, n.Name)
	}
	volumes, err := docker.VolumeList(ctx, volume.ListOptions{Filters: mine})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, v := range volumes.Volumes {
		o.volumes = append(o.volumes, v.Name)
	}
	return o
}

func engine(t *testing.T) *client.Client {
	t.Helper()
	docker, err := dockerhost.NewClient()
	if err != nil {
		t.Fatalf("connecting to Docker: %v; start it, or run: make test", err)
	}
	return docker
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
