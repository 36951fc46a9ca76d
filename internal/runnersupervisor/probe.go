package runnersupervisor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

const (
	probeLimit = 6 * time.Second // a busy daemon reports every five seconds
	probePoll  = 100 * time.Millisecond
)

// runningJobs matches the daemon's gauge of running jobs.
var runningJobs = regexp.MustCompile(`(?m)^gitea_runner_job_running (\S+)$`)

// Probe returns nil if the daemon takes jobs: it runs a job already, or the forge grants one
// of its requests within six seconds. Otherwise the error says why not. An idle daemon's request
// waits for an event; wake is one, and may be nil where no request waits.
func Probe(ctx context.Context, metrics Metrics, wake func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	var first *signs
	why := errors.New("its daemon is not there")
	for {
		text, err := metrics(ctx)
		if err == nil {
			now := readSigns(text)
			if busy(text) || first != nil && now.good != "" && now.good != first.good {
				return nil
			}
			if first == nil {
				first = &now
				if wake != nil {
					_ = wake(ctx) // without it, the request ends by itself
				}
			}
			why = errors.New("the forge grants none of its requests")
		} else if ctx.Err() == nil {
			first, why = nil, fmt.Errorf("its daemon does not answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return why
		case <-time.After(probePoll):
		}
	}
}

func busy(metrics string) bool {
	m := runningJobs.FindStringSubmatch(metrics)
	return m != nil && m[1] != "0"
}
