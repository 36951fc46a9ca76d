package backup

import (
	"context"
	_ "embed" // the helper's script
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

//go:embed snapshot.sh
var snapshotScript string

// Snapshot is a copy of a stack's volumes as they were at one moment.
type Snapshot struct {
	Volumes []Volume
	Paused  time.Duration // how long Gitea was paused

	cli    *client.Client
	helper string
}

// Take copies the volumes of a stack. forge is Gitea's container, which is paused
// for the last step of the copy, or "" when none runs; image has a shell. guard is
// called before the container is paused; it must resume it if this process dies.
func Take(ctx context.Context, cli *client.Client, stack, forge, image string, guard func(forge string) (release func(), err error)) (_ *Snapshot, err error) {
	mounts, found, err := sources(ctx, cli, stack)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{cli: cli}
	s.helper, err = makeHelper(ctx, cli, stack, image, []string{"/bin/sh", "-c", snapshotScript}, mounts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	attached, err := cli.ContainerAttach(ctx, s.helper, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("attaching to the container that copies: %w", err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)()
	if err := cli.ContainerStart(ctx, s.helper, container.StartOptions{}); err != nil {
		return nil, fmt.Errorf("starting the container that copies: %w", err)
	}
	h := listen(attached.Reader)
	if err := h.await(ctx, "ready"); err != nil {
		return nil, err
	}
	s.Paused, err = whilePaused(ctx, cli, forge, guard, func(ctx context.Context) error {
		defer context.AfterFunc(ctx, attached.Close)()
		if _, err := io.WriteString(attached.Conn, "go\n"); err != nil {
			return fmt.Errorf("talking to the container that copies: %w", err)
		}
		return h.await(ctx, "copied")
	})
	if err != nil {
		return nil, err
	}
	if s.Volumes, err = h.volumes(ctx); err != nil {
		return nil, err
	}
	for i, v := range s.Volumes {
		s.Volumes[i].Role, s.Volumes[i].Runner = found[v.Name].Role, found[v.Name].Runner
	}
	return s, nil
}

// Files is the copy, as a tar stream of the directory with the volumes.
func (s *Snapshot) Files(ctx context.Context) (io.ReadCloser, error) {
	files, _, err := s.cli.CopyFromContainer(ctx, s.helper, "/"+volumesDir)
	if err != nil {
		return nil, fmt.Errorf("reading the copy: %w", err)
	}
	return files, nil
}

// Close removes the copy, also after an interruption.
func (s *Snapshot) Close() { removeHelper(s.cli, s.helper) }

// sources returns read-only mounts of the stack's volumes that hold data, and what
// the labels say about each volume, by its name in the archive.
func sources(ctx context.Context, cli *client.Client, stack string) ([]mount.Mount, map[string]Volume, error) {
	list, err := cli.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", naming.StackLabel+"="+stack))})
	if err != nil {
		return nil, nil, fmt.Errorf("listing the volumes: %w", err)
	}
	var mounts []mount.Mount
	found := map[string]Volume{}
	for _, v := range list.Volumes {
		if one, ok := kept(stack, v.Name, v.Labels); ok {
			found[one.Name] = one
			mounts = append(mounts, mount.Mount{Type: mount.TypeVolume, Source: v.Name, Target: "/source/" + one.Name, ReadOnly: true})
		}
	}
	if len(mounts) == 0 {
		return nil, nil, problem.New("looking for the stack's data", errors.New("there are no volumes with its label"), "check the stack's name: pipeline status --stack "+stack)
	}
	sort.Slice(mounts, func(i, j int) bool { return mounts[i].Target < mounts[j].Target })
	return mounts, found, nil
}
