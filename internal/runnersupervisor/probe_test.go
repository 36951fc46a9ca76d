package runnersupervisor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	counted := func(result string, n int) string {
		return fmt.Sprintf("gitea_runner_poll_fetch_total{result=%q} %d\n", result, n)
	}
	for name, tt := range map[string]struct {
		answer func(look int) (string, error)
		want   string // in the error; "" for none
	}{
		"granted":           {func(n int) (string, error) { return counted("empty", n/3), nil }, ""},
		"the first request": {func(n int) (string, error) { return strings.Repeat(counted("empty", 1), n/5), nil }, ""},
		"refused":           {func(n int) (string, error) { return counted("empty", 9) + counted("error", n), nil }, "grants none"},
		"hangs":             {func(int) (string, error) { return counted("empty", 9), nil }, "grants none"},
		"busy":              {func(int) (string, error) { return counted("task", 1) + "gitea_runner_job_running 1\n", nil }, ""},
		"idle and refused":  {func(int) (string, error) { return "gitea_runner_job_running 0\n", nil }, "grants none"},
		"no daemon":         {func(int) (string, error) { return "", errors.New("connection refused") }, "connection refused"},
		"between two jobs": {func(n int) (string, error) {
			if n < 20 {
				return "", errors.New("connection refused")
			}
			return counted("empty", n), nil
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				look := 0
				err := Probe(t.Context(), func(context.Context) (string, error) { look++; return tt.answer(look) }, nil)
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
}

// TestProbeWakes holds that an idle daemon, whose request waits for an event, gets one, after
// the probe has seen what the forge granted before; and that one that hangs is found all the same.
func TestProbeWakes(t *testing.T) {
	t.Parallel()
	for hangs, want := range map[bool]string{false: "", true: "grants none"} {
		synctest.Test(t, func(t *testing.T) {
			looks, granted := 0, 1
			metrics := func(context.Context) (string, error) {
				looks++
				return fmt.Sprintf("gitea_runner_poll_fetch_total{result=\"empty\"} %d\n", granted), nil
			}
			start := time.Now()
			err := Probe(t.Context(), metrics, func(context.Context) error {
				if looks != 1 {
					t.Errorf("woke the daemon after %d looks, want one", looks)
				}
				if !hangs {
					granted++
				}
				return errors.New("whatever")
			})
			if want == "" && (err != nil || time.Since(start) > time.Second) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v after %v, want %q", err, time.Since(start), want)
			}
		})
	}
}
