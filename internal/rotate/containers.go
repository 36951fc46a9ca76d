package rotate

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// poll is how often the Docker host and the forge are asked; both are near.
const poll = 200 * time.Millisecond

// errMissing says that the stack has no container of a role.
var errMissing = errors.New("the stack has no such container; `pipeline up` creates it again")

// containers returns the stack's containers of a role; none is an error.
func containers(ctx context.Context, cli *client.Client, stack string, role naming.Role) ([]dockerhost.Container, error) {
	found, err := dockerhost.Containers(ctx, cli, stack, role)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("looking for the container with the role %s: %w", role, errMissing)
	}
	return found, err
}

// file is a file to put into a container.
type file struct {
	name string
	mode int64
	uid  int
	text []byte
	dir  bool
}

// put writes files into a directory of a container, in their order.
func put(ctx context.Context, cli *client.Client, id, dir string, files ...file) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		header := &tar.Header{
			Name: f.name, Mode: f.mode, Uid: f.uid, Gid: f.uid, Size: int64(len(f.text)), ModTime: time.Now(), Typeflag: tar.TypeReg,
		}
		if f.dir {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("packing %s: %w", f.name, err)
		}
		if _, err := w.Write(f.text); err != nil {
			return fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	if err := cli.CopyToContainer(ctx, id, dir, &archive, container.CopyToContainerOptions{}); err != nil {
		return fmt.Errorf("writing into %s of container %.12s: %w", dir, id, err)
	}
	return nil
}

// get reads a file of a container; there is false when it has none.
func get(ctx context.Context, cli *client.Client, id, path string) (text string, there bool, err error) {
	body, _, err := cli.CopyFromContainer(ctx, id, path)
	if errdefs.IsNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading %s of container %.12s: %w", path, id, err)
	}
	defer body.Close()
	r := tar.NewReader(body)
	if _, err := r.Next(); err != nil {
		return "", false, fmt.Errorf("unpacking %s: %w", path, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return "", false, fmt.Errorf("unpacking %s: %w", path, err)
	}
	return string(data), true, nil
}

// await polls until done returns true, at most limit. Its error says what it
// waited for and the last answer.
func await(ctx context.Context, limit time.Duration, what string, done func() (bool, string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	last := "nothing"
	for {
		ok, heard, err := done()
		if err != nil && ctx.Err() == nil {
			heard = err.Error()
		}
		if heard != "" {
			last = heard
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s (%w); last: %s", what, ctx.Err(), last)
		case <-tick.C:
		}
	}
}
