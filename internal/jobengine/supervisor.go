// Package jobengine runs a Docker engine for a runner's jobs and replaces it after each
// job.
//
// A job engine has two halves. The outer half, this package, runs as root of the
// container, and jobs cannot reach it. The inner half, package inner, is a Docker engine in
// its own user namespace. Every job can become root there, but to the kernel that root is
// an ordinary user.
package jobengine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	checkInterval = time.Second // between two checks of the disk
	retryDelay    = time.Second // after a job engine failed to start
)

// Engine is a running job engine.
type Engine interface {
	Ended() <-chan struct{} // closed when it has ended, by itself or by Kill
	Busy() <-chan struct{}  // closed when a job has begun on it
	Kill() error            // kills all its processes; returns when none is left
	Remove() error          // removes the data of a killed engine
	// Probe requests a URL of the forge from the engine's network, as a job does.
	Probe(ctx context.Context, url string) error
}

// Host is what the supervisor needs of the outer half.
type Host interface {
	// Start starts a job engine and returns when it is ready for a job.
	Start(ctx context.Context) (Engine, error)
	// Publish makes an engine the one that the runner uses; nil means none.
	Publish(Engine) error
	// CheckDisk returns an error unless the disk has room for jobs.
	CheckDisk() error
	// RoomForNext returns true if there is enough memory for a second job engine.
	RoomForNext() bool
}

// Supervisor keeps a job engine ready that no job has used. While a job runs, it prepares
// the next engine. Only the goroutine of Run reads or changes its state.
type Supervisor struct {
	host   Host
	log    *slog.Logger
	events chan func()
	ended  chan struct{}  // closed at the end of Run
	open   sync.WaitGroup // starts and kills that have begun

	current     *slot
	next        Engine             // ready to replace the current one
	cancelStart context.CancelFunc // of the engine that is being started; nil if none is
	waitToStart bool               // the last start failed a moment ago
	killing     int
	diskFull    bool
	waiting     []chan struct{} // runners that wait for an engine
}

// slot is the job engine that the runner uses.
type slot struct {
	engine            Engine
	used, busy, ended bool
}

// NewSupervisor returns a supervisor, which Run starts.
func NewSupervisor(host Host, log *slog.Logger) *Supervisor {
	return &Supervisor{host: host, log: log, events: make(chan func()), ended: make(chan struct{})}
}

// Acquire waits for a job engine that no job has used, and marks it as used. If the current
// engine is already marked, its runner was killed, and the engine is discarded.
func (s *Supervisor) Acquire(ctx context.Context) error {
	granted := make(chan struct{})
	if err := s.do(ctx, func() {
		s.release()
		s.waiting = append(s.waiting, granted)
	}); err != nil {
		return err
	}
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
		// If an engine was granted just now, the next Acquire discards it.
		_ = s.do(context.WithoutCancel(ctx), func() { s.forget(granted) })
		return context.Cause(ctx)
	}
}

// Release records that the job has ended. Its engine is discarded, and the next one takes
// its place. Release has no effect if no engine is in use.
func (s *Supervisor) Release() { _ = s.do(context.Background(), s.release) }

// Current calls f with the engine that the runner uses, or with nil.
func (s *Supervisor) Current(ctx context.Context, f func(Engine)) error {
	return s.do(ctx, func() {
		if s.current == nil || s.current.ended {
			f(nil)
		} else {
			f(s.current.engine)
		}
	})
}

var errEnded = errors.New("the job engine's supervisor has ended")

// do calls f in the goroutine of Run, and returns after that.
func (s *Supervisor) do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case s.events <- func() { f(); close(done) }:
		<-done
		return nil
	case <-s.ended:
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run supervises until ctx ends. Then it kills the engines.
func (s *Supervisor) Run(ctx context.Context) {
	defer s.open.Wait()
	defer close(s.ended)
	check := time.NewTicker(checkInterval)
	defer check.Stop()
	s.checkDisk()
	for {
		s.step(ctx)
		select {
		case f := <-s.events:
			f()
		case <-check.C:
			s.checkDisk()
		case <-ctx.Done():
			s.end()
			return
		}
	}
}

// step does everything that the current state requires.
func (s *Supervisor) step(ctx context.Context) {
	if s.diskFull {
		return
	}
	if s.current == nil && s.next != nil {
		s.publish(s.next)
	}
	if c := s.current; c != nil && !c.used && !c.ended && len(s.waiting) > 0 {
		c.used = true
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
	}
	if s.next == nil && s.cancelStart == nil && !s.waitToStart && s.wantNext() {
		s.start(ctx)
	}
}

// wantNext returns true if another engine should be started: to replace an engine that has
// ended, after its resources are released, or in advance, after a job has started.
func (s *Supervisor) wantNext() bool {
	if s.current == nil || s.current.ended {
		return s.killing == 0
	}
	return s.current.used && s.current.busy && s.host.RoomForNext()
}

// publish makes an engine the current one.
func (s *Supervisor) publish(e Engine) {
	s.next = nil
	if err := s.host.Publish(e); err != nil {
		s.log.Error("handing the job engine to the runner; trying another", "error", err)
		s.discard(e)
		s.delayStart()
		return
	}
	c := &slot{engine: e}
	s.current = c
	go func() {
		select {
		case <-e.Busy():
			_ = s.do(context.Background(), func() { c.busy = true })
		case <-e.Ended():
		}
	}()
}

// release discards the current engine if it is in use.
func (s *Supervisor) release() {
	if s.current != nil && s.current.used {
		s.retire()
	}
}

// retire takes the current engine from the runner and discards it.
func (s *Supervisor) retire() {
	if s.next == nil { // otherwise the next one takes its place at once
		if err := s.host.Publish(nil); err != nil {
			s.log.Error("taking a job engine away from the runner", "error", err)
		}
	}
	s.discard(s.current.engine)
	s.current = nil
}

func (s *Supervisor) forget(granted chan struct{}) {
	for i, w := range s.waiting {
		if w == granted {
			s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
			return
		}
	}
}

// checkDisk ends all jobs when the disk is too full, or when its free space cannot be read.
func (s *Supervisor) checkDisk() {
	err := s.host.CheckDisk()
	switch {
	case err != nil && !s.diskFull:
		s.log.Error("ending all jobs", "error", err)
		s.diskFull = true
		if s.cancelStart != nil {
			s.cancelStart()
		}
		if s.next != nil {
			s.discard(s.next)
			s.next = nil
		}
		if s.current != nil {
			s.retire()
		}
	case err == nil && s.diskFull:
		s.log.Info("there is room on the disk again")
		s.diskFull = false
	}
}

// end kills the engines. The next start of the container removes their data.
func (s *Supervisor) end() {
	if s.cancelStart != nil {
		s.cancelStart()
	}
	for _, e := range []Engine{s.next, s.currentEngine()} {
		if e != nil {
			s.open.Go(func() { s.kill(e) })
		}
	}
}

func (s *Supervisor) currentEngine() Engine {
	if s.current == nil {
		return nil
	}
	return s.current.engine
}
