//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// objects are a stack's objects on the Docker host.
type objects struct{ containers, networks, volumes []string }

func (o objects) count() int {
	return len(o.containers) + len(o.networks) + len(o.volumes)
}

func (p *project) labelled() objects {
	docker := dockerClient(p.t)
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

func dockerClient(t *testing.T) *client.Client {
	t.Helper()
	docker, err := dockerhost.NewClient()
	if err != nil {
		t.Fatalf("connecting to Docker: %v; start it, or run: make test", err)
	}
	return docker
}

// firstPort and lastPort are below the ports that Linux gives to those who ask for
// any: what is free here stays free until the test takes it.
const (
	firstPort = 20000
	lastPort  = 32000
)

// nextPort is the next port to try, in turn for the tests that run at the same time.
var nextPort = func() *atomic.Int64 {
	n := new(atomic.Int64)
	n.Store(firstPort + int64(os.Getpid())%(lastPort-firstPort))
	return n
}()

func freePort(t *testing.T) int {
	t.Helper()
	for range lastPort - firstPort {
		port := firstPort + int(nextPort.Add(1))%(lastPort-firstPort)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatalf("no port from %d to %d is free", firstPort, lastPort)
	return 0
}

// bridgeAddress returns the Docker host's address in Docker's own network: a private one,
// which jobs cannot reach unless they are let through.
func bridgeAddress(t *testing.T) net.IP {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatalf("Docker's own bridge: %v", err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("got the addresses %v of Docker's own bridge, %v", addresses, err)
	}
	return addresses[0].(*net.IPNet).IP
}
