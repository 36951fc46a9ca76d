// Package jobengine runs a Docker engine for a runner's jobs, and replaces it after each.
//
// It has two halves. The outer one, this package, is root of the container, out of the
// jobs' reach. The inner one, package inner, is a Docker engine in a user namespace of its
// own: whoever gets root on it, as every job can, is an ordinary user to the kernel.
package jobengine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	checkInterval = time.Second // between two looks at the disk
	retryDelay    = time.Second // after a job engine that did not start
)

// Engine is a job engine that runs.
type Engine interface {
	Ended() <-chan struct{} // closed when it has ended, by itself or by Kill
	Busy() <-chan struct{}  // closed when a job has begun on it
	Kill() error            // ends it with all its processes, and returns when none is left
	Remove() error          // removes the data of one that was killed
}

// Host is what the supervisor needs of the outer half.
type Host interface {
	// Start starts a job engine and returns when it is ready for a job.
	Start(ctx context.Context) (Engine, error)
	// Publish makes an engine the one that the runner finds; nil means none.
	Publish(Engine) error
	// CheckDisk returns an error unless the disk has room for jobs.
	CheckDisk() error
	// RoomForNext is whether the memory allows a second job engine.
	RoomForNext() bool
}

// Supervisor always has a job engine that no job has used, or prepares one. While a job
// runs, it prepares the next one beside it. All its state belongs to the goroutine of Run.
type Supervisor struct {
	host   Host
	log    *slog.Logger
	events chan func()
	ended  chan struct{}  // closed at the end of Run
	open   sync.WaitGroup // starts and kills that have begun

	current     *slot
	next        Engine             // ready, for when the current one is released
	cancelStart context.CancelFunc // of the engine that is being started, if one is
	waitToStart bool               // the last start failed a moment ago
	killing     int
	diskFull    bool
	waiting     []chan struct{} // runners that wait for an engine
}

// slot is the job engine that the runner finds.
type slot struct {
	engine            Engine
	used, busy, ended bool
}

// NewSupervisor returns a supervisor; Run starts it.
func NewSupervisor(host Host, log *slog.Logger) *Supervisor {
	return &Supervisor{host: host, log: log, events: make(chan func()), ended: make(chan struct{})}
}

// Acquire waits for a job engine that no job has used, and marks it as used. One that is
// marked already is discarded: its runner was killed.
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
		// If it was granted at this moment, the next Acquire discards that engine.
		_ = s.do(context.WithoutCancel(ctx), func() { s.forget(granted) })
		return context.Cause(ctx)
	}
}

// Release records that the job has ended: its engine is discarded, and the next one takes
// its place. If no engine is in use, it has no effect.
func (s *Supervisor) Release() { _ = s.do(context.Background(), s.release) }

// Current calls f with the engine that the runner finds, or with nil.
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

// do has Run call f, and returns when it has.
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

// Run supervises until ctx ends; then it kills what runs.
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

// step does all that the present state asks for.
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

// wantNext is whether another engine is to be started: in place of one that is gone, once
// that has given back what it held, or ahead, once a job has begun.
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

// retire takes the current engine away from the runner and discards it.
func (s *Supervisor) retire() {
	if s.next == nil { // else the next one takes its place at once
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

// checkDisk ends all jobs when the disk has no room for them, or nobody knows whether it has.
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

// end kills what runs. Their data is for the next start of the container to remove.
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
