package jobengine

import (
	"context"
	"time"
)

// start starts an engine in the background.
func (s *Supervisor) start(ctx context.Context) {
	ctx, s.cancelStart = context.WithCancel(ctx)
	s.open.Go(func() {
		e, err := s.host.Start(ctx)
		if s.do(context.Background(), func() { s.started(e, err) }) != nil && err == nil {
			s.kill(e)
		}
	})
}

func (s *Supervisor) started(e Engine, err error) {
	s.cancelStart()
	s.cancelStart = nil
	switch {
	case s.diskFull:
		if err == nil {
			s.discard(e)
		}
	case err != nil:
		s.log.Error("the job engine did not start; trying again", "error", err)
		s.delayStart()
	default:
		s.next = e
		go func() {
			<-e.Ended()
			_ = s.do(context.Background(), func() { s.engineEnded(e) })
		}()
	}
}

// delayStart delays the next start by retryDelay.
func (s *Supervisor) delayStart() {
	s.waitToStart = true
	time.AfterFunc(retryDelay, func() { _ = s.do(context.Background(), func() { s.waitToStart = false }) })
}

// engineEnded is called for each engine that has ended. Most of them were killed and are
// no longer known here. An engine in use stays the current one, because its runner must not
// continue the job on another engine.
func (s *Supervisor) engineEnded(e Engine) {
	switch {
	case s.current != nil && s.current.engine == e:
		s.log.Warn("the job engine has ended; starting another")
		s.current.ended = true
		if !s.current.used {
			s.retire()
		}
	case s.next == e:
		s.log.Warn("the next job engine has ended before it was used")
		s.next = nil
		s.discard(e)
		s.delayStart()
	}
}

// discard kills an engine and removes its data, in the background.
func (s *Supervisor) discard(e Engine) {
	s.killing++
	s.open.Go(func() {
		s.kill(e)
		_ = s.do(context.Background(), func() { s.killing-- })
		if err := e.Remove(); err != nil {
			s.log.Error("removing what a job left", "error", err)
		}
	})
}

func (s *Supervisor) kill(e Engine) {
	if err := e.Kill(); err != nil {
		s.log.Error("killing a job engine", "error", err)
	}
}
