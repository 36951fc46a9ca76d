package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// EngineCapabilities are all that the outer half of an engine has, each for its
// reason. Jobs have none of them: they run in a user namespace of their own.
var EngineCapabilities = []string{
	"CAP_CHOWN",        // gives the inner engine's folders to its user
	"CAP_DAC_OVERRIDE", // removes what the inner engine left in them
	"CAP_FOWNER",       // keeps modes and times when it copies the images' descriptions
	"CAP_NET_ADMIN",    // the link to the inner engine, and the firewall in between
	"CAP_SETGID",       // the user namespace's groups
	"CAP_SETUID",       // the user namespace's users
	"CAP_SYS_ADMIN",    // mounts, and the namespaces of the inner engine
}

// EngineSecurity are the security options of an engine's container.
var EngineSecurity = []string{"seccomp=unconfined", "apparmor=unconfined"}

// stockFile is the archive that the engine's image is made with.
const stockFile = "stock.tar"

// stock has the engine image lay out the job image as an engine needs it, and
// puts that into the folder of a build: an engine that starts loads nothing.
func (b *builder) stock(ctx context.Context, engine, job string) func(dir string) error {
	return func(dir string) (err error) {
		load := filepath.Join(dir, "job")
		if err := b.saveJob(ctx, load, job); err != nil {
			return err
		}
		made, err := b.docker.ContainerCreate(ctx, &container.Config{
			Image: engine, Cmd: []string{"stock"}, Labels: map[string]string{naming.ArtifactLabel: "engine"},
		}, &container.HostConfig{
			CapDrop: []string{"ALL"}, CapAdd: EngineCapabilities, SecurityOpt: EngineSecurity,
		}, nil, nil, "")
		if err != nil {
			return fmt.Errorf("making the container that lays out %s: %w", job, err)
		}
		defer func() { err = errors.Join(err, b.discard(ctx, made.ID)) }()
		files, err := contextTar(dir, "job")
		if err != nil {
			return err
		}
		defer files.Close()
		if err := b.docker.CopyToContainer(ctx, made.ID, "/engine", files, container.CopyToContainerOptions{}); err != nil {
			return fmt.Errorf("giving the engine %s: %w", job, err)
		}
		if err := os.RemoveAll(load); err != nil { // no part of the build
			return err
		}
		if err := b.runToEnd(ctx, made.ID); err != nil {
			return fmt.Errorf("laying out %s: %w", job, err)
		}
		stock, _, err := b.docker.CopyFromContainer(ctx, made.ID, "/engine/stock")
		if err != nil {
			return fmt.Errorf("taking %s, laid out: %w", job, err)
		}
		defer stock.Close()
		return save(stock, filepath.Join(dir, stockFile))
	}
}

// saveJob writes an image's file system, its settings and its name into a folder.
// All its layers become one, as only one has no marks of removed files.
func (b *builder) saveJob(ctx context.Context, dir, job string) error {
	info, err := b.docker.ImageInspect(ctx, job)
	if err != nil {
		return fmt.Errorf("looking at image %s: %w", job, err)
	}
	var changes strings.Builder
	for _, e := range info.Config.Env {
		name, value, _ := strings.Cut(e, "=")
		fmt.Fprintf(&changes, "ENV %s=%s\n", name, strconv.Quote(value))
	}
	if info.Config.WorkingDir != "" {
		fmt.Fprintf(&changes, "WORKDIR %s\n", info.Config.WorkingDir)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"name": job + "\n", "changes": changes.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	made, err := b.docker.ContainerCreate(ctx, &container.Config{
		Image: job, Cmd: []string{"true"}, Labels: map[string]string{naming.ArtifactLabel: "job"},
	}, nil, nil, nil, "")
	if err != nil {
		return fmt.Errorf("making a container of %s: %w", job, err)
	}
	files, err := b.docker.ContainerExport(ctx, made.ID)
	if err == nil {
		err = errors.Join(save(files, filepath.Join(dir, "rootfs.tar")), files.Close())
	}
	if err := errors.Join(err, b.discard(ctx, made.ID)); err != nil {
		return fmt.Errorf("saving the files of %s: %w", job, err)
	}
	return nil
}

// runToEnd starts a container and waits for its end; what it said is in the error.
func (b *builder) runToEnd(ctx context.Context, id string) error {
	ended, failed := b.docker.ContainerWait(ctx, id, container.WaitConditionNextExit)
	if err := b.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case end := <-ended:
		if end.StatusCode == 0 {
			return nil
		}
		said, err := b.docker.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
		if err != nil {
			return err
		}
		defer said.Close()
		var log strings.Builder
		_, err = stdcopy.StdCopy(&log, &log, said)
		return errors.Join(fmt.Errorf("exit code %d:\n%s", end.StatusCode, artifacts.Tail(log.String())), err)
	}
}

// discard removes a container and its volumes, also when ctx has ended.
func (b *builder) discard(ctx context.Context, id string) error {
	return b.docker.ContainerRemove(context.WithoutCancel(ctx), id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}

func save(from io.Reader, to string) (err error) {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.Copy(file, from)
	return err
}
