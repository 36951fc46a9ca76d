package forgestart

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestServe returns the exit code of what it starts, as a shell gives it, and ends the
// password step with it.
func TestServe(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -KILL $$": 137} {
		f, s := newFake(t, nil)
		f.failing["GET /api/healthz"] = 1 << 30
		if code, err := s.serve(t.Context(), "sh", "-c", script); err != nil || code != want {
			t.Errorf("%s: got %d and %v, want %d", script, code, err, want)
		}
	}
	_, s := newFake(t, nil)
	if _, err := s.serve(t.Context(), "/no/such/program"); err == nil {
		t.Error("got no error of a program that is not there")
	}
}

// TestServePassesSignals stops this process as Docker stops a container: Gitea is asked
// to end, and decides when.
func TestServePassesSignals(t *testing.T) {
	f, s := newFake(t, nil)
	go func() {
		for deadline := time.Now().Add(time.Minute); f.read("started") == "none" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}()
	code, err := s.serve(t.Context(), "sh", "-c",
		`trap "exit 7" TERM; touch "$0"; while :; do sleep 0.01; done`, f.path("started"))
	if err != nil || code != 7 {
		t.Errorf("got %d and %v, want the exit code of a program that was asked to end", code, err)
	}
}
