package jobengine

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	exchangeLimit = 8 * time.Second // for a probe: a busy machine takes a few seconds to start an engine
	exchangePoll  = 100 * time.Millisecond
)

var errNoEngine = errors.New("there is no job engine at the moment; look at the container's log")

// Probe requests a URL of the forge from inside the job engine, as its jobs do. After a job, one
// engine gives way to the next: a probe waits for that, for eight seconds at most.
func (s *Supervisor) Probe(ctx context.Context, url string) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := errNoEngine
		var e Engine
		if gone := s.Current(ctx, func(current Engine) { e = current }); gone != nil {
			return struct{}{}, backoff.Permanent(gone)
		}
		if e != nil {
			if err = e.Probe(ctx, url); err != nil && !ended(e) {
				err = backoff.Permanent(err)
			}
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(exchangePoll)), backoff.WithMaxElapsedTime(exchangeLimit))
	return err
}

func ended(e Engine) bool {
	select {
	case <-e.Ended():
		return true
	default:
		return false
	}
}
