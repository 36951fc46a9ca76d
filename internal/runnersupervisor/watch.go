package runnersupervisor

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
)

// A round of the watch takes two seconds, or three if the daemon does not answer. The limits
// count rounds, not time, so that a suspended machine does not look like a hanging daemon. A
// starting daemon gets more rounds, because it may wait for its job engine.
const (
	round            = 2 * time.Second
	metricsTimeout   = time.Second
	mostSilent       = 10 // rounds without a sign of life
	mostStarting     = 15 // the same, for a daemon that has just been started
	refusedBeforeAsk = 3  // rounds in which all requests fail, before the forge is asked whether it knows the runner
)

// Why a daemon is killed.
var (
	errEngineEnded = errors.New("its job engine has ended; it starts again with the next one")
	errSilent      = errors.New("it gave no sign of life; it starts again")
	errUnknown     = errors.New("the forge does not know it any more; it registers again")
)

// killedError means that the watch killed the daemon.
type killedError struct{ reason error }

// Error returns why it was killed.
func (e *killedError) Error() string { return "the runner's daemon was killed: " + e.reason.Error() }

// Unwrap returns why it was killed.
func (e *killedError) Unwrap() error { return e.reason }

// watch returns why the daemon must be killed, or nil when ctx ends.
func (s *Supervisor) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchers := []func(context.Context) error{s.watchMetrics}
	if s.Engine != nil {
		watchers = append(watchers, s.watchEngine)
	}
	reasons := make(chan error, len(watchers))
	for _, w := range watchers {
		go func() { reasons <- w(ctx) }()
	}
	var reason error
	for range watchers {
		if r := <-reasons; reason == nil {
			reason = r
		}
		cancel()
	}
	return reason
}

// watchEngine waits for the end of the job engine. The daemon is then killed before it takes
// another job, which would fail without an engine.
func (s *Supervisor) watchEngine(ctx context.Context) error {
	_ = s.Engine.Ended(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return errEngineEnded
}

// watchMetrics looks for signs of life in the daemon's counters. An idle daemon asks for a
// job every ten seconds, or four times a second, and a busy one reports every five seconds. Both count their
// requests, whether the forge answers or not. So counters that do not change mean that the
// daemon hangs, not that the forge is down.
func (s *Supervisor) watchMetrics(ctx context.Context) error {
	var last signs
	silent, refused, most := 0, 0, mostStarting
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(round):
		}
		asking, cancel := context.WithTimeout(ctx, metricsTimeout)
		text, err := s.Metrics(asking)
		cancel()
		now := readSigns(text)
		switch {
		case err == nil && now.all != "" && now.all != last.all:
			silent, most = 0, mostSilent
			refused++
			if now.good != last.good || now.good == now.all {
				refused = 0
			}
			last = now
		default:
			silent++
		}
		if silent >= most {
			return errSilent
		}
		if refused >= refusedBeforeAsk {
			refused = 0
			if s.unknown(ctx, now.version) {
				return errUnknown
			}
		}
	}
}

// unknown returns whether the forge says that it does not know the runner: someone removed
// it there, or the forge's data was replaced.
func (s *Supervisor) unknown(ctx context.Context, version string) bool {
	r, err := readRegistration(s.registration())
	if err != nil {
		return false
	}
	known, err := s.Forge.Knows(ctx, r, version)
	return err == nil && !known
}

// signs are the daemon's signs of life.
type signs struct {
	all     string // lines of all counters
	good    string // lines of the counters of successful requests
	version string // of the daemon
}

var (
	counter = regexp.MustCompile(`^gitea_runner_(poll_fetch|report_log|report_state)_total`)
	release = regexp.MustCompile(`^gitea_runner_info\{.*version="([^"]*)"`)
)

// readSigns reads the daemon's metrics, in Prometheus's text format.
func readSigns(metrics string) signs {
	var s signs
	for line := range strings.Lines(metrics) {
		if m := release.FindStringSubmatch(line); m != nil {
			s.version = m[1]
		}
		if !counter.MatchString(line) {
			continue
		}
		s.all += line
		if !strings.Contains(line, `result="error"`) {
			s.good += line
		}
	}
	return s
}
