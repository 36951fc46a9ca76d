package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// handStack is a stack that was made by hand, without Pulumi: the floor of rows
// 4 and 6. It carries the label of its name, as a stack does.
type handStack struct {
	*blueprint
	dir   string // the checkout that it builds and seeds
	forge *forge
	took  float64 // from nothing to a runner that takes jobs
}

// build makes the stack; what needs nothing of each other is made side by side.
func (p *blueprint) build(ctx context.Context, dir string) (*handStack, error) {
	renamed, err := p.rename()
	if err != nil {
		return nil, err
	}
	h := &handStack{blueprint: renamed, dir: dir}
	p.b.undone(h.remove)
	start := time.Now()
	label := map[string]string{naming.StackLabel: h.name}
	if _, err := h.b.docker.NetworkCreate(ctx, h.name, network.CreateOptions{Labels: label}); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.buildService(ctx) })
	group.Go(func() error {
		if _, err := h.start(ctx, forgeRole, "forge"); err != nil {
			return err
		}
		var err error
		h.forge, err = newForge(ctx, h.http, h.plans[forgeRole].content("admin-password"))
		if err != nil {
			return err
		}
		if err := h.organization(); err != nil {
			return err
		}
		return errors.Join(h.actions(ctx), h.repository())
	})
	group.Go(func() error {
		_, err := h.start(ctx, engineRole)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // the group's has ended
	if err := git(ctx, dir, "push", "--quiet", h.forge.clone(owner, repository), "HEAD:main"); err != nil {
		return nil, err
	}
	id, err := h.start(ctx, runnerRole)
	if err != nil {
		return nil, err
	}
	taking, err := h.b.awaitRunner(ctx, id, start)
	h.took = taking.Sub(start).Seconds()
	return h, err
}

// start makes a container and its volumes, and waits for its health, if it has
// a check of that.
func (h *handStack) start(ctx context.Context, role string, aliases ...string) (string, error) {
	plan := h.plans[role]
	s, err := plan.settings()
	if err != nil {
		return "", err
	}
	for _, bind := range s.HostConfig.Binds {
		name, _, _ := strings.Cut(bind, ":")
		// One that is there already is no error.
		if _, err := h.b.docker.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: map[string]string{naming.StackLabel: h.name}}); err != nil {
			return "", err
		}
	}
	s.HostConfig.NetworkMode = container.NetworkMode(h.name)
	made, err := h.b.docker.ContainerCreate(ctx, s.Config, s.HostConfig, &network.NetworkingConfig{
		EndpointsConfig: map[string]*network.EndpointSettings{h.name: {Aliases: aliases}},
	}, nil, h.name+"-"+role)
	if err != nil {
		return "", fmt.Errorf("making %s: %w", role, err)
	}
	if len(plan.files) > 0 {
		archive, err := plan.archive()
		if err != nil {
			return "", err
		}
		if err := h.b.docker.CopyToContainer(ctx, made.ID, "/opt", archive, container.CopyToContainerOptions{}); err != nil {
			return "", fmt.Errorf("uploading the files of %s: %w", role, err)
		}
	}
	if err := h.b.docker.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		return "", fmt.Errorf("starting %s: %w", role, err)
	}
	if s.Config.Healthcheck == nil {
		return made.ID, nil
	}
	return made.ID, poll(ctx, 50*time.Millisecond, 5*time.Minute, role, func() (bool, error) {
		info, err := h.b.docker.ContainerInspect(ctx, made.ID)
		return err == nil && info.State.Health != nil && info.State.Health.Status == "healthy", err
	})
}

// end removes containers and network, and with everything volumes and image
// too, and returns how long that took.
func (h *handStack) end(ctx context.Context, everything bool) (float64, error) {
	return timed(func() error {
		things, err := dockerhost.FindObjects(ctx, h.b.docker, h.name)
		if err != nil {
			return err
		}
		var chosen []dockerhost.Object
		for _, t := range things {
			if everything || t.Kind == "container" || t.Kind == "network" {
				chosen = append(chosen, t)
			}
		}
		return dockerhost.RemoveObjects(ctx, h.b.docker, chosen)
	})
}

// remove removes all that is left.
func (h *handStack) remove(ctx context.Context) error {
	_, err := h.end(ctx, true)
	return errors.Join(err, h.b.untag(ctx, fmt.Sprintf("localhost:%d/*/*", h.http)))
}
