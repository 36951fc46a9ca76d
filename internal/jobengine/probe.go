package jobengine

import (
	"context"
	"errors"
	"time"
)

const (
	exchangeLimit = 8 * time.Second // for a probe: a busy machine takes a few seconds to start an engine
	exchangePoll  = 100 * time.Millisecond
)

var errNoEngine = errors.New("there is no job engine at the moment; look at the container's log")

// Probe requests a URL of the forge from inside the job engine, as its jobs do. After a job, one
// engine gives way to the next: a probe waits for that, for eight seconds at most.
func (s *Supervisor) Probe(ctx context.Context, url string) error {
	deadline := time.Now().Add(exchangeLimit)
	for {
		var e Engine
		if err := s.Current(ctx, func(current Engine) { e = current }); err != nil {
			return err
		}
		err := errNoEngine
		if e != nil {
			if err = e.Probe(ctx, url); err == nil || !ended(e) {
				return err
			}
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(exchangePoll):
		}
	}
}

func ended(e Engine) bool {
	select {
	case <-e.Ended():
		return true
	default:
		return false
	}
}
