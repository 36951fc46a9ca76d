package main

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// The containers of a stack, by the beginning of their names.
const (
	forgeRole  = "forge-container"
	engineRole = "runner-0-engine"
	runnerRole = "runner-0-container"
)

var roles = []string{forgeRole, engineRole, runnerRole}

// gone takes "not found" for the end of a removal.
func gone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// container is the ID of a stack's container.
func (b *bench) container(ctx context.Context, stack, role string) (string, error) {
	list, err := b.docker.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", naming.StackLabel+"="+stack)),
	})
	if err != nil {
		return "", fmt.Errorf("listing the containers of %s: %w", stack, err)
	}
	for _, c := range list {
		for _, name := range c.Names {
			if strings.HasPrefix(name, "/"+role) {
				return c.ID, nil
			}
		}
	}
	return "", fmt.Errorf("stack %s has no container %s", stack, role)
}

// readFile reads a file of a container.
func (b *bench) readFile(ctx context.Context, id, path string) (string, error) {
	body, _, err := b.docker.CopyFromContainer(ctx, id, path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	defer body.Close()
	files := tar.NewReader(body)
	if _, err := files.Next(); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	data, err := io.ReadAll(files)
	return string(data), err
}

// declared is what a runner logs in the moment when the forge knows that it
// takes jobs.
const declared = "declare successfully"

// awaitRunner waits until a runner takes jobs, and returns since when: the
// first time after a moment. After each job it starts anew.
func (b *bench) awaitRunner(ctx context.Context, id string, after time.Time) (time.Time, error) {
	var at time.Time
	err := poll(ctx, 100*time.Millisecond, 2*time.Minute, "the runner", func() (bool, error) {
		log, err := dockerhost.Log(ctx, b.docker, id, after.UTC().Format(time.RFC3339Nano), "")
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(log) {
			stamp, rest, _ := strings.Cut(line, " ")
			if !strings.Contains(rest, declared) {
				continue
			}
			if at, err = time.Parse(time.RFC3339Nano, stamp); err == nil && at.After(after) {
				return true, nil
			}
		}
		return false, nil
	})
	return at, err
}

// ready waits until the stack's runner can take the next job.
func (s *stack) ready(ctx context.Context, after time.Time) error {
	id, err := s.b.container(ctx, s.name, runnerRole)
	if err != nil {
		return err
	}
	_, err = s.b.awaitRunner(ctx, id, after)
	return err
}
