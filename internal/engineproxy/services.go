package engineproxy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// healthInterval is between two looks at a service that is not healthy yet.
const healthInterval = 200 * time.Millisecond

// engine is a job engine, asked about a job's services.
type engine struct{ *client.Client }

// connect returns a client for one question: the next may be another engine's.
func connect(socket string) (engine, error) {
	cli, err := client.NewClientWithOpts(client.WithHost("unix://"+socket), client.WithAPIVersionNegotiation())
	return engine{cli}, err
}

// makeNetwork makes the services' network if it is not there. Services are created at the
// same time; the engine lets one of them win.
func (e engine) makeNetwork(ctx context.Context) error {
	_, err := e.NetworkCreate(ctx, Network, network.CreateOptions{})
	if err != nil && !cerrdefs.IsConflict(err) {
		return fmt.Errorf("creating the network of the job's services: %w", err)
	}
	return nil
}

// services returns the names and addresses of the job's services, as Docker's ExtraHosts
// has them. It returns when those that have a health check are healthy.
func (e engine) services(ctx context.Context) ([]string, error) {
	among, err := e.NetworkInspect(ctx, Network, network.InspectOptions{})
	if cerrdefs.IsNotFound(err) {
		return nil, nil // the job has no services
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the job's services: %w", err)
	}
	var hosts []string
	for id := range among.Containers {
		endpoint, err := e.healthy(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, name := range endpoint.Aliases {
			hosts = append(hosts, name+":"+endpoint.IPAddress)
		}
	}
	slices.Sort(hosts)
	return hosts, nil
}

// healthy waits until a service is healthy, as a runner of GitHub's does and gitea-runner
// does not, and returns its place in the network. A service without a health check is
// healthy at once; one that has ended has been removed, and has no place.
func (e engine) healthy(ctx context.Context, id string) (network.EndpointSettings, error) {
	image := ""
	for {
		service, err := e.ContainerInspect(ctx, id)
		if cerrdefs.IsNotFound(err) && image == "" {
			return network.EndpointSettings{}, nil
		}
		if cerrdefs.IsNotFound(err) {
			return network.EndpointSettings{}, fmt.Errorf("the job's service %s ended before it was healthy; correct its image, its environment or its options in the workflow", image)
		}
		if err != nil {
			return network.EndpointSettings{}, fmt.Errorf("looking at a service of the job: %w", err)
		}
		health := service.State.Health
		switch {
		case health == nil || health.Status == container.Healthy || health.Status == container.NoHealthcheck:
			if place := service.NetworkSettings.Networks[Network]; place != nil && place.IPAddress != "" {
				return *place, nil
			}
			return network.EndpointSettings{}, nil
		case health.Status == container.Unhealthy:
			return network.EndpointSettings{}, fmt.Errorf("the job's service %s is unhealthy: %s; correct the service or its health check in the workflow",
				service.Config.Image, lastCheck(health))
		}
		image = service.Config.Image
		select {
		case <-ctx.Done():
			return network.EndpointSettings{}, context.Cause(ctx)
		case <-time.After(healthInterval):
		}
	}
}

// lastCheck is what a service's last health check came to.
func lastCheck(health *container.Health) string {
	if len(health.Log) == 0 {
		return "its health check did not run"
	}
	last := health.Log[len(health.Log)-1]
	return fmt.Sprintf("its health check ended with exit code %d and printed %q", last.ExitCode, strings.TrimSpace(last.Output))
}
