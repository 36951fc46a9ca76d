//go:build linux

package inner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gitops-pipeline/gitops-pipeline/internal/forward"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/cgroup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/mounts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ociwrapper"
)

// The inner half's user IDs as seen from outside, starting with its root.
const (
	Subordinate    = 100000
	subordinateIDs = 65536
)

const (
	startTimeout = time.Minute           // for the Docker engine to answer
	askInterval  = 20 * time.Millisecond // between two attempts
)

// Options are the options of a job engine's start.
type Options struct {
	Data, Socket string // directories for its data and for its socket; neither exists yet
	Stock        Stock
	Stocking     bool // it creates the stock instead of using it
	Forge        network.Forge
	Link         network.Link
	Group        *cgroup.Group
	Environment  []string                                     // of the Docker engine
	Containers   ociwrapper.Config                            // what all its containers get
	Forward      func(process int) (*forward.Forwards, error) // sets up what jobs reach; may be nil
}

// Engine is a running inner half.
type Engine struct {
	options  Options
	command  *exec.Cmd
	forwards *forward.Forwards
	ended    chan struct{} // closed when all its processes have ended
	busy     chan struct{} // closed when a job has begun
}

// Start starts a job engine and waits until it answers. A failed start leaves nothing behind.
func Start(ctx context.Context, o Options) (_ *Engine, err error) {
	if err := o.makeDirs(); err != nil {
		return nil, errors.Join(err, o.remove())
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, o.remove())
	}
	defer writer.Close()
	containers, err := json.Marshal(o.Containers)
	if err != nil {
		return nil, errors.Join(err, o.remove())
	}
	e := &Engine{options: o, ended: make(chan struct{}), busy: make(chan struct{})}
	e.command = o.command(reader, string(containers))
	err = mounts.Private(e.enter)
	_ = reader.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the inner half: %w", err), o.remove())
	}
	go func() {
		_ = e.command.Wait() // how it ended does not matter
		close(e.ended)
	}()
	if err := e.connect(ctx, writer); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	go e.watch()
	return e, nil
}

// makeDirs creates the directories, which belong to the inner half's root.
func (o Options) makeDirs() error {
	if o.Stocking {
		if err := os.MkdirAll(o.Data, 0o755); err != nil {
			return err
		}
	} else if err := o.Stock.lay(o.Data); err != nil {
		return err
	}
	if err := os.MkdirAll(o.Socket, 0o755); err != nil {
		return err
	}
	return errors.Join(os.Chown(o.Data, Subordinate, Subordinate), os.Chown(o.Socket, Subordinate, Subordinate))
}

// remove removes what the engine left on the disk.
func (o Options) remove() error {
	if o.Stocking {
		return os.RemoveAll(o.Socket)
	}
	return errors.Join(os.RemoveAll(o.Socket), os.RemoveAll(o.Data))
}

// command returns the command of the inner half's first process, in its own namespaces.
func (o Options) command(wired *os.File, containers string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", Command, o.Link.Outside.String(), o.Forge.Address, o.Forge.Name, containers)
	c.Env = o.Environment
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.ExtraFiles = []*os.File{wired}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: Subordinate, Size: subordinateIDs}}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Uid: 0, Gid: 0},
	}
	return c
}

// enter starts the process in this thread's private mount namespace. In the rest of the
// file system, the inner half can read only world-readable files, and cannot write.
func (e *Engine) enter() error {
	if err := mounts.Bind(e.options.Data, dataRoot); err != nil {
		return err
	}
	if err := mounts.Bind(e.options.Socket, socketMount); err != nil {
		return err
	}
	if !e.options.Stocking {
		layers, err := e.options.Stock.layers()
		if err != nil {
			return err
		}
		for from, below := range layers {
			if err := mounts.BindReadOnly(from, filepath.Join(dataRoot, below)); err != nil {
				return err
			}
		}
	}
	for _, shared := range []string{"/", "/dev/shm", "/dev/mqueue"} {
		if err := mounts.ReadOnly(shared); err != nil {
			return err
		}
	}
	return e.command.Start()
}

// connect sets up the cgroup and the network of the inner half, lets it continue, and
// waits until its Docker engine answers.
func (e *Engine) connect(ctx context.Context, wired *os.File) error {
	pid := e.command.Process.Pid
	if err := e.options.Group.Add(pid); err != nil {
		return err
	}
	if err := e.options.Link.Connect(pid); err != nil {
		return err
	}
	if e.options.Forward != nil {
		var err error
		if e.forwards, err = e.options.Forward(pid); err != nil {
			return err
		}
	}
	if _, err := wired.Write([]byte{1}); err != nil {
		return fmt.Errorf("letting the inner half go on: %w", err)
	}
	return e.awaitAnswer(ctx)
}

var errEnded = errors.New("the inner half has ended")

func (e *Engine) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the Docker engine did not answer in %s", startTimeout))
	defer cancel()
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		select {
		case <-e.ended:
			return struct{}{}, backoff.Permanent(errEnded)
		default:
			return struct{}{}, Ping(ctx, filepath.Join(e.options.Socket, socketName))
		}
	}, backoff.WithBackOff(backoff.NewConstantBackOff(askInterval)), backoff.WithMaxElapsedTime(0))
	return err
}

// watch closes busy when the first container is created: a job has started.
func (e *Engine) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-e.ended
		cancel()
	}()
	if firstContainer(ctx, filepath.Join(e.options.Socket, socketName)) == nil {
		close(e.busy)
	}
}
