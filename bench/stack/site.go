// Package stack runs the benchmark's stacks with the launcher, as a user would, and reads
// their figures from Docker and the forge.
package stack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// Site is where the stacks run: a Docker host, a temporary directory, and a launcher that was
// built for the benchmark.
type Site struct {
	Root     string // the project's directory
	Dir      string // a temporary directory for everything that is written to disk
	Launcher string
	Commit   string
	Docker   *client.Client
	Facts    dockerhost.Facts

	stacks []*Stack
}

// Open prepares a site. The site must be closed, also after an error.
func Open(ctx context.Context, root string) (*Site, error) {
	s := &Site{}
	var err error
	if s.Root, err = filepath.Abs(root); err != nil {
		return s, err
	}
	if s.Docker, s.Facts, err = dockerhost.Connect(ctx); err != nil {
		return s, err
	}
	if s.Dir, err = os.MkdirTemp("", "gitops-pipeline-bench-"); err != nil {
		return s, err
	}
	if s.Commit, err = Git(ctx, root, "rev-parse", "HEAD"); err != nil {
		return s, err
	}
	s.Launcher = filepath.Join(s.Dir, "pipeline")
	_, err = Output(ctx, root, nil, "go", "build", "-o", s.Launcher, "./cmd/pipeline")
	return s, err
}

// Close removes everything that was created. It works after an interruption too.
func (s *Site) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var failed []error
	for _, st := range s.stacks {
		failed = append(failed, st.Remove(ctx))
	}
	if s.Docker != nil {
		failed = append(failed, s.Docker.Close())
	}
	return errors.Join(append(failed, os.RemoveAll(s.Dir))...)
}
