package runnersupervisor

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatchKills is what a daemon is killed for, after how long, and what follows.
func TestWatchKills(t *testing.T) {
	t.Parallel()
	counter := func(result string, n *int) string {
		return fmt.Sprintf("gitea_runner_poll_fetch_total{result=%q} %d\n", result, *n)
	}
	for name, tt := range map[string]struct {
		fault    func(h *house) // after ten seconds of a healthy daemon
		want     error          // nil: it lives on
		from, to time.Duration  // after the fault
	}{
		"hangs": {
			func(h *house) { h.counters = func() string { return "gitea_runner_poll_fetch_total 7\n" } },
			errSilent, (mostSilent - 1) * round, (mostSilent + 1) * (round + metricsTimeout),
		},
		"does not answer": {
			func(h *house) { h.counters = nil },
			errSilent, (mostSilent - 1) * round, (mostSilent + 1) * (round + metricsTimeout),
		},
		"job engine ends": {
			func(h *house) { h.engineEnds <- struct{}{} },
			errEngineEnded, 0, 100 * time.Millisecond,
		},
		"forge is down": {
			func(h *house) {
				n := 0
				h.forgeDown, h.counters = true, func() string { n++; return counter("error", &n) }
			},
			nil, 0, 0,
		},
		"forge refuses for another reason": {
			func(h *house) {
				n := 0
				h.counters = func() string { n++; return counter("error", &n) }
			},
			nil, 0, 0,
		},
		"forge does not know it any more": {
			func(h *house) {
				n := 0
				clear(h.credentials)
				h.counters = func() string { n++; return counter("error", &n) }
			},
			errUnknown, 0, (refusedBeforeAsk + 2) * round,
		},
		"busy, and reports": {
			func(h *house) {
				n := 0
				h.counters = func() string { n++; return fmt.Sprintf("gitea_runner_report_state_total %d\n", n/3) }
			},
			nil, 0, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				start := time.Now()
				h.onDaemon = func(n int, _ *fakeProcess) {
					time.Sleep(10 * time.Second)
					h.mu.Lock()
					defer h.mu.Unlock()
					if n == 0 {
						start = time.Now()
						tt.fault(h)
					}
				}
				err := h.run(h.supervisor(nil), 10*time.Minute)
				if tt.want == nil {
					if !errors.Is(err, errTestEnds) || len(h.daemons) != 1 {
						t.Errorf("got %v and %d daemons, want that it lives on", err, len(h.daemons))
					}
					return
				}
				if took := time.Since(start); !errors.Is(err, tt.want) || took < tt.from || took > tt.to {
					t.Errorf("got %v after %s, want %v after %s to %s", err, took, tt.want, tt.from, tt.to)
				}
				if got := h.happened(); got != "acquire, register, daemon --once, kill" {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

// TestWatchGivesTimeToStart: a daemon that starts serves nothing before its job engine answers.
func TestWatchGivesTimeToStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.counters = nil
		start := time.Now()
		err := h.run(h.supervisor(nil), 10*time.Minute)
		if took := time.Since(start); !errors.Is(err, errSilent) || took < mostStarting*round {
			t.Errorf("got %v after %s, want %v after %s", err, took, errSilent, mostStarting*round)
		}
	})
}

// TestEphemeralAfterAKill: the registration may have served, and the container goes on.
func TestEphemeralAfterAKill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.onDaemon = func(n int, _ *fakeProcess) {
			if n == 0 {
				h.engineEnds <- struct{}{}
			}
		}
		err := h.run(h.supervisor(func(c *Config) { c.Ephemeral = true }), time.Minute)
		const want = "acquire, register --ephemeral, daemon, kill, release, acquire, register --ephemeral, daemon, kill"
		if got := h.happened(); got != want || !errors.Is(err, errTestEnds) {
			t.Errorf("got %v and %s, want %s", err, got, want)
		}
	})
}
