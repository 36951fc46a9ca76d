package runnersupervisor

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLoop follows the supervisor through three jobs in each of its modes.
func TestLoop(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"an engine for each job": {
			nil,
			"acquire, register, daemon --once, release, acquire, daemon --once, release, acquire, daemon --once, kill",
		},
		"ephemeral": {
			func(c *Config) { c.Ephemeral = true },
			"acquire, register --ephemeral, daemon, release, acquire, register --ephemeral, daemon, release, " +
				"acquire, register --ephemeral, daemon, kill",
		},
		"one engine for all jobs": {
			func(c *Config) { c.EnginePerJob = false },
			"register, remove jobs, daemon",
		},
		"the Docker host's engine": {
			func(c *Config) { c.EnginePerJob, c.JobEngine = false, "" },
			"register, daemon",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.onDaemon = func(n int, p *fakeProcess) {
					time.Sleep(10 * time.Second)
					if n < 2 {
						p.end(nil)
					}
				}
				if err := h.run(h.supervisor(tt.change), time.Minute); err != nil && !errors.Is(err, errTestEnds) {
					t.Errorf("got %v", err)
				}
				if got := h.happened(); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
}

// TestRegistration is what becomes of the registration that a start finds.
func TestRegistration(t *testing.T) {
	t.Parallel()
	old := func(change func(m map[string]any)) map[string]any {
		m := map[string]any{
			"WARNING": "do not edit", "id": 7, "uuid": "old", "token": "old-token", "address": instance, "name": "n",
			"labels": []string{"self-hosted:docker://x:1"}, "ephemeral": false,
		}
		if change != nil {
			change(m)
		}
		return m
	}
	for name, tt := range map[string]struct {
		file any // nil: none
		want string
	}{
		"none":                    {nil, "new"},
		"known":                   {old(nil), "kept"},
		"another port":            {old(func(m map[string]any) { m["address"] = "http://localhost:3020" }), "kept"},
		"another host":            {old(func(m map[string]any) { m["address"] = "http://forge.example:3000/" }), "kept"},
		"unknown to the forge":    {old(func(m map[string]any) { m["token"] = "of another forge" }), "new"},
		"unknown, another port":   {old(func(m map[string]any) { m["token"], m["address"] = "x", "http://localhost:1" }), "new"},
		"cut off by a crash":      {"{", "new"},
		"emptied by rotate":       {"", "new"},
		"ephemeral once, not now": {old(func(m map[string]any) { m["ephemeral"] = true }), "new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.credentials["old-token"] = true
				switch text, isText := tt.file.(string); {
				case isText:
					if err := os.WriteFile(filepath.Join(h.dir, registrationFile), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				case tt.file != nil:
					h.write(tt.file)
				}
				_ = h.run(h.supervisor(nil), time.Minute)
				got, kept := h.read(), "new"
				if got["uuid"] == "old" {
					kept = "kept"
					if got["id"] != 7.0 || got["token"] != "old-token" || got["WARNING"] != "do not edit" {
						t.Errorf("got the registration %v, want all but the address as it was", got)
					}
				}
				if kept != tt.want || got["address"] != instance || len(h.daemons) != 1 {
					t.Errorf("got %s registration %v and %d daemons, want a %s one for %s and one", kept, got, len(h.daemons), tt.want, instance)
				}
			})
		})
	}
}

// TestStartWaits has a forge that is down for a while and refuses two registrations.
func TestStartWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.forgeDown, h.failing = true, 2
		var log strings.Builder
		const down = 40 * time.Second
		time.AfterFunc(down, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.forgeDown = false
		})
		start, started := time.Now(), time.Duration(0)
		h.onDaemon = func(int, *fakeProcess) { started = time.Since(start) }
		s := h.supervisor(nil)
		s.Log = slog.New(slog.NewTextHandler(&log, nil))
		_ = h.run(s, time.Minute)
		if got := strings.Count(log.String(), "waiting for the forge failed"); got != 2 {
			t.Errorf("got %d lines on a forge that was down for %s, want one every %s", got, down, logInterval)
		}
		if want := "acquire, failed registration, failed registration, register, daemon --once, kill"; h.happened() != want {
			t.Errorf("got %s, want %s", h.happened(), want)
		}
		if started < down+2*registerInterval || started > down+2*registerInterval+forgeInterval {
			t.Errorf("got a daemon after %s, want it soon after %s", started, down+2*registerInterval)
		}
	})
}

// TestDaemonFails: the container ends, and Docker starts it again, later each time. An
// ephemeral registration that was not used stays: each new one would be one more at the forge.
func TestDaemonFails(t *testing.T) {
	t.Parallel()
	for _, ephemeral := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.onDaemon = func(_ int, p *fakeProcess) { p.end(errors.New("exit status 1")) }
			s := h.supervisor(func(c *Config) { c.Ephemeral = ephemeral })
			for range 3 {
				if err := h.run(s, time.Minute); err == nil || !strings.Contains(err.Error(), "exit status 1") {
					t.Errorf("got %v, want the daemon's exit code", err)
				}
			}
			if h.registered != 1 || len(h.daemons) != 3 {
				t.Errorf("got %d registrations and %d daemons, want 1 and 3", h.registered, len(h.daemons))
			}
		})
	}
}
