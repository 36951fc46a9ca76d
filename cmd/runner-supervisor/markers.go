package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/control"
)

// markerInterval is the time between two looks at the markers.
const markerInterval = 50 * time.Millisecond

// markers speaks to a job engine that has no control socket: the file `used` says that
// the runner uses it, `stale` that the runner waits for a fresh one, and a line in the
// pipe `wake` saves a wait. It goes when the job engine serves the socket.
type markers struct{ dir string }

func (m markers) path(name string) string { return filepath.Join(m.dir, name) }

func (m markers) exists(name string) bool {
	_, err := os.Stat(m.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (m markers) touch(name string) error {
	f, err := os.OpenFile(m.path(name), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// until polls for a condition.
func until(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(markerInterval):
		}
	}
	return nil
}

// Acquire waits for a job engine that no job has used.
func (m markers) Acquire(ctx context.Context) error {
	socket := func() bool { _, err := os.Stat(control.Socket); return err == nil }
	if err := until(ctx, func() bool { return socket() || m.exists("wake") }); err != nil {
		return err
	}
	if socket() {
		return control.Client{}.Acquire(ctx)
	}
	if m.exists("used") && !m.exists("stale") {
		if err := m.discard(); err != nil {
			return err
		}
	}
	if err := until(ctx, func() bool { return !m.exists("stale") }); err != nil {
		return err
	}
	return m.touch("used")
}

// Release says that the job has ended.
func (m markers) Release(ctx context.Context) error {
	if _, err := os.Stat(control.Socket); err == nil {
		return control.Client{}.Release(ctx)
	}
	return m.discard()
}

func (m markers) discard() error {
	if err := m.touch("stale"); err != nil {
		return err
	}
	pipe, err := os.OpenFile(m.path("wake"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil // it looks by itself
	}
	defer pipe.Close()
	_, _ = pipe.WriteString("\n")
	return nil
}
