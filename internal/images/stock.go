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
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// JobEngineCapabilities are all that the outer half of a job engine has, each for its
// reason. Jobs have none of them: they run in a user namespace of their own.
var JobEngineCapabilities = []string{
	"CAP_CHOWN",        // gives the inner half's directories to its user
	"CAP_DAC_OVERRIDE", // removes what the inner half left in them
	"CAP_FOWNER",       // keeps modes and times when it copies the images' descriptions
	"CAP_NET_ADMIN",    // the link to the inner half, and the firewall in between
	"CAP_SETGID",       // the user namespace's groups
	"CAP_SETUID",       // the user namespace's users
	"CAP_SYS_ADMIN",    // mounts, and the namespaces of the inner half
}

// JobEngineSecurity are the security options of a job engine's container.
var JobEngineSecurity = []string{"seccomp=unconfined", "apparmor=unconfined"}

const (
	// stockedDir begins the names of the directories with the images of runner.images.
	stockedDir = "more-"
	// stockFile is the archive that the stock's image is made with.
	stockFile = "stock.tar"
	// stockLayout is how the stock is laid out; it is part of its hash. The hash does not
	// cover the program that does it, jobengine: most changes of that have no effect on
	// the stock, and each would lay out the job image again, which takes a minute.
	stockLayout = "overlay2, one layer, template and images, 1"
)

// stock runs a job engine that lays out the job image and those of runner.images, and puts the
// result into the directory of a build. A job engine that starts then has nothing to load.
func (b *builder) stock(ctx context.Context, n names) func(dir string) error {
	return func(dir string) (err error) {
		bare, job := n.bareJobEngine, n.job
		if err := b.image(ctx, recipe{artifact: "jobengine", ref: bare, args: map[string]string{"ROOTFS": n.jobEngineRoot}}, nil); err != nil {
			return err
		}
		load := filepath.Join(dir, "job")
		if err := b.saveImage(ctx, load, job); err != nil {
			return err
		}
		for i, s := range b.stocked {
			if err := b.saveImage(ctx, filepath.Join(load, stockedDir+strconv.Itoa(i)), s.ref); err != nil {
				return err
			}
		}
		made, err := b.docker.ContainerCreate(ctx, &container.Config{
			Image: bare, Cmd: []string{"stock"}, Labels: map[string]string{naming.ArtifactLabel: "stock"},
		}, &container.HostConfig{
			CapDrop: []string{"ALL"}, CapAdd: JobEngineCapabilities, SecurityOpt: JobEngineSecurity,
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
			return fmt.Errorf("giving the job engine %s: %w", job, err)
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

// saveImage writes an image's file system, its settings and its name into a directory.
// All its layers become one, as only one has no marks of removed files.
func (b *builder) saveImage(ctx context.Context, dir, ref string) error {
	info, err := b.docker.ImageInspect(ctx, ref)
	if err != nil {
		return fmt.Errorf("looking at image %s: %w", ref, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{"name": ref + "\n", "changes": changes(info.Config)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	made, err := b.docker.ContainerCreate(ctx, &container.Config{
		Image: ref, Cmd: []string{"true"}, Labels: map[string]string{naming.ArtifactLabel: "job"},
	}, nil, nil, nil, "")
	if err != nil {
		return fmt.Errorf("making a container of %s: %w", ref, err)
	}
	files, err := b.docker.ContainerExport(ctx, made.ID)
	if err == nil {
		err = errors.Join(save(files, filepath.Join(dir, "rootfs.tar")), files.Close())
	}
	if err := errors.Join(err, b.discard(ctx, made.ID)); err != nil {
		return fmt.Errorf("saving the files of %s: %w", ref, err)
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
	return dockerhost.RemoveContainer(context.WithoutCancel(ctx), b.docker, id)
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
