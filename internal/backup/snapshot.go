package backup

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the helper's script
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

//go:embed snapshot.sh
var snapshotScript string

// pauseLimit bounds how long the forge may stand still: a backup that needs
// longer is given up, and the forge goes on.
const pauseLimit = 20 * time.Second

// Snapshot is a copy of a stack's volumes as they were at one moment.
type Snapshot struct {
	Volumes []Volume
	Paused  time.Duration // how long the forge stood still

	cli    *client.Client
	helper string
}

// Take copies the volumes of a stack. forge is its container, which is paused
// for the end of it, or "" when none runs; image has a shell. guard is told of the
// forge before it is paused; it has to make it go on should this process die.
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
	s.Paused, err = standStill(ctx, cli, forge, guard, func(ctx context.Context) error {
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

// Files is the copy, as a tar stream of the folder with the volumes.
func (s *Snapshot) Files(ctx context.Context) (io.ReadCloser, error) {
	files, _, err := s.cli.CopyFromContainer(ctx, s.helper, "/"+volumesDir)
	if err != nil {
		return nil, fmt.Errorf("reading the copy: %w", err)
	}
	return files, nil
}

// Close removes the copy, also after an interruption.
func (s *Snapshot) Close() { removeHelper(s.cli, s.helper) }

// sources are the stack's volumes that hold data, to be read only, and what
// their labels say of each, by its name in the archive.
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

// standStill runs f while the forge is paused, and returns for how long it was.
func standStill(ctx context.Context, cli *client.Client, forge string, guard func(string) (func(), error), f func(context.Context) error) (paused time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pauseLimit, fmt.Errorf("the last of the copy took longer than %s, and the forge was not to stand still any longer; repeat the command when less is written", pauseLimit))
	defer cancel()
	if forge == "" {
		return 0, f(ctx)
	}
	release, err := guard(forge)
	if err != nil {
		return 0, err
	}
	defer release()
	start := time.Now()
	defer func() {
		// Also when pausing failed, which may have been on the way back.
		err = errors.Join(err, Thaw(cli, forge))
		paused = time.Since(start)
	}()
	if err := cli.ContainerPause(ctx, forge); err != nil {
		return 0, fmt.Errorf("pausing the forge: %w", err)
	}
	return 0, f(ctx)
}

// helperOutput is what the helper says, line by line.
type helperOutput struct {
	lines  chan string
	failed *bytes.Buffer // complete once lines is closed
}

func listen(from io.Reader) *helperOutput {
	h := &helperOutput{lines: make(chan string, 64), failed: &bytes.Buffer{}}
	r, w := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(w, h.failed, from)
		_ = w.CloseWithError(err) // nil is the end
	}()
	go func() {
		defer close(h.lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			h.lines <- lines.Text()
		}
	}()
	return h
}

// await waits for a line.
func (h *helperOutput) await(ctx context.Context, want string) error {
	line, ok, err := h.next(ctx)
	if err == nil && (!ok || line != want) {
		err = problem.New("copying the stack's data", fmt.Errorf("%q came in the place of %q: %s", line, want, strings.TrimSpace(h.failed.String())),
			"mend what it says, then repeat the command")
	}
	return err
}

func (h *helperOutput) next(ctx context.Context) (line string, ok bool, err error) {
	select {
	case <-ctx.Done():
		return "", false, context.Cause(ctx)
	case line, ok = <-h.lines:
		if ctx.Err() != nil { // the connection was closed for that reason
			return "", false, context.Cause(ctx)
		}
		return line, ok, nil
	}
}

func (h *helperOutput) volumes(ctx context.Context) ([]Volume, error) {
	var found []Volume
	for {
		line, ok, err := h.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		var v Volume
		if _, err := fmt.Sscanf(line, "volume %s %d %d", &v.Name, &v.Files, &v.Bytes); err != nil {
			return nil, fmt.Errorf("understanding %q of the container that copies: %w", line, err)
		}
		found = append(found, v)
	}
	if text := strings.TrimSpace(h.failed.String()); text != "" || len(found) == 0 {
		return nil, problem.New("copying the stack's data", errors.New(or(text, "no volume was copied")), "mend what it says, then repeat the command")
	}
	return found, nil
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
