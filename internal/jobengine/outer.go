//go:build linux

package jobengine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/gitops-pipeline/gitops-pipeline/internal/forward"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/cgroup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/inner"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ociwrapper"
)

// nextNeeds is the memory that must be free for a second job engine: it takes 40 MB, and
// the rest is a margin for the running job.
const nextNeeds = 512 << 20

// outer is the outer half of a job engine.
type outer struct {
	config   Config
	paths    paths
	log      *slog.Logger
	resolver string
	trust    *ociwrapper.Mount // of all containers of jobs; nil for none
	places   chan place        // the free ones
	started  atomic.Int64
}

// paths are the files and directories of the outer half.
type paths struct {
	data    string // directory of the engines' data; jobs cannot read it
	run     string // directory that is shared with the runner
	stock   inner.Stock
	current string // where the runner looks for the socket's directory
}

// enginesDir contains the directories of the engines' sockets. Jobs cannot read it.
func (p paths) enginesDir() string { return filepath.Join(p.run, "engines") }

// place is what only one of the two engines uses: its network link and its cgroup.
type place struct {
	link  network.Link
	group *cgroup.Group
}

// placed is an engine that has a place.
type placed struct {
	*inner.Engine
	place place
	free  chan<- place
}

var _ Engine = (*placed)(nil)

// Kill also frees the place.
func (p *placed) Kill() error {
	err := p.Engine.Kill()
	p.free <- p.place
	return err
}

// Start starts a job engine, once there is a place for it. Until it is published, the
// processors are the job's that runs beside it: on two cores its start would otherwise
// cost the job as much time as it takes.
func (o *outer) Start(ctx context.Context) (Engine, error) {
	var p place
	select {
	case p = <-o.places:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := p.group.Yield(); err != nil {
		o.log.Warn("the next job engine starts at the expense of the job", "error", err)
	}
	number := strconv.FormatInt(o.started.Add(1), 10)
	e, err := inner.Start(ctx, inner.Options{
		Data: filepath.Join(o.paths.data, number), Socket: filepath.Join(o.paths.enginesDir(), number),
		Stock: o.paths.stock, Forge: o.config.Forge, Environment: o.environment(os.Environ()),
		Containers: containers(o.config, p.link, o.trust),
		Link:       p.link, Group: p.group,
		Forward: func(process int) (*forward.Forwards, error) {
			return network.Serve(p.link, process, o.config.Forge, o.resolver, o.log)
		},
	})
	if err != nil {
		o.places <- p
		return nil, err
	}
	return &placed{e, p, o.places}, nil
}

// Publish makes the engine's socket the one that the runner uses. The change is atomic: at
// each moment the path leads to the old engine or to the new one.
func (o *outer) Publish(e Engine) error {
	if e == nil {
		err := os.Remove(o.paths.current)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	p := e.(*placed)
	if err := p.place.group.Compete(); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(o.paths.current), p.SocketDir())
	if err != nil {
		return err
	}
	return replaceLink(target, o.paths.current)
}

// replaceLink makes path a symbolic link to target. It replaces an existing one atomically.
func replaceLink(target, path string) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// CheckDisk checks the disk with the engines' data.
func (o *outer) CheckDisk() error { return checkDisk(o.paths.data, o.config.DiskReserve, unix.Statfs) }

// RoomForNext returns true if there is enough memory for a second job engine.
func (o *outer) RoomForNext() bool {
	free, err := cgroup.FreeMemory(cgroup.Root, "/proc/meminfo")
	if err != nil {
		o.log.Warn("no job engine is prepared ahead", "error", err)
		return false
	}
	return free >= nextNeeds
}

// clear creates the directories, and removes what a killed container left in them. It
// removes data that only takes space in the background.
func (o *outer) clear() error {
	for _, dir := range []string{o.paths.data, o.paths.enginesDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("closing %s to jobs: %w", dir, err)
		}
	}
	if err := spread(o.paths.data); err != nil {
		o.log.Warn("jobs create files more slowly", "error", err)
	}
	if err := os.RemoveAll(o.paths.current); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(o.paths.data, "*"))
	if err != nil {
		return err
	}
	sockets, err := filepath.Glob(filepath.Join(o.paths.enginesDir(), "*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, sockets...) {
		number, err := strconv.ParseInt(filepath.Base(path), 10, 64)
		if err == nil && number > o.started.Load() {
			o.started.Store(number) // a new engine must not get a directory that is still being removed
		}
	}
	go func() {
		for _, path := range append(old, sockets...) {
			if err := os.RemoveAll(path); err != nil {
				o.log.Error("removing what a killed job engine left", "error", err)
			}
		}
	}()
	return nil
}
