package dockerhost

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Container is one container of a stack, with what its labels say of it.
type Container struct {
	ID      string
	Name    string
	Role    naming.Role
	Runner  string // the runner that it belongs to, such as runner-0; empty for the forge
	State   container.ContainerState
	Status  string // for people, such as "Up 2 minutes (healthy)"
	Image   string // the reference it was created from
	ImageID string
}

// Containers returns a stack's containers of the given roles, running or not;
// without roles, all of them. They are sorted by runner, then by name.
func Containers(ctx context.Context, cli client.ContainerAPIClient, stack string, roles ...naming.Role) ([]Container, error) {
	list, err := cli.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", naming.StackLabel+"="+stack)),
	})
	if err != nil {
		return nil, fmt.Errorf("listing the containers of stack %q: %w", stack, err)
	}
	var found []Container
	for _, c := range list {
		role := naming.Role(c.Labels[naming.RoleLabel])
		if len(roles) > 0 && !slices.Contains(roles, role) {
			continue
		}
		one := Container{
			ID: c.ID, Name: c.ID[:min(12, len(c.ID))], Role: role, Runner: c.Labels[naming.RunnerLabel],
			State: c.State, Status: c.Status, Image: c.Image, ImageID: c.ImageID,
		}
		if len(c.Names) > 0 {
			one.Name = strings.TrimPrefix(c.Names[0], "/")
		}
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b Container) int {
		return strings.Compare(a.Runner+"\x00"+a.Name, b.Runner+"\x00"+b.Name)
	})
	return found, nil
}

// Of returns the container of a role that belongs to a runner ("" for the forge).
func Of(list []Container, role naming.Role, runner string) (Container, bool) {
	for _, c := range list {
		if c.Role == role && c.Runner == runner {
			return c, true
		}
	}
	return Container{}, false
}
