package backup

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
)

// probedHost is a Docker host with one container; each inspection takes a
// while, and each event is the end of a command in it.
type probedHost struct {
	check   *container.HealthConfig
	ends    []time.Duration // after the subscription
	execs   [][]string      // at each inspection
	running map[string]int  // process of each running command
	slow    []time.Duration // of each inspection
	looked  int
	refuses int // how many pauses fail
	pauses  int
}

func (h *probedHost) ContainerPause(context.Context, string) error {
	h.pauses++
	if h.pauses <= h.refuses {
		return errors.New("unable to freeze")
	}
	return nil
}

func (h *probedHost) ContainerInspect(context.Context, string) (container.InspectResponse, error) {
	found := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{State: &container.State{Running: true}},
		Config:            &container.Config{Healthcheck: h.check},
	}
	if h.check != nil {
		found.State.Health = &container.Health{}
	}
	if h.looked < len(h.execs) {
		found.ExecIDs = h.execs[h.looked]
	}
	if h.looked < len(h.slow) {
		time.Sleep(h.slow[h.looked])
	}
	h.looked++
	return found, nil
}

func (h *probedHost) ContainerExecInspect(_ context.Context, id string) (container.ExecInspect, error) {
	return container.ExecInspect{ExecID: id, Running: true, Pid: h.running[id]}, nil
}

func (h *probedHost) Events(ctx context.Context, _ events.ListOptions) (<-chan events.Message, <-chan error) {
	messages, failed := make(chan events.Message), make(chan error, 1)
	start := time.Now()
	go func() {
		for _, at := range h.ends {
			select {
			case <-time.After(at - time.Since(start)):
			case <-ctx.Done():
			}
			select {
			case messages <- events.Message{}:
			case <-ctx.Done():
			}
		}
		<-ctx.Done()
		failed <- ctx.Err()
	}()
	return messages, failed
}

func TestAwaitProbe(t *testing.T) {
	t.Parallel()
	check := &container.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 5 * time.Second}
	seconds := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}
	for name, test := range map[string]struct {
		host probedHost
		want time.Duration // when it may be paused
	}{
		"no health check":               {probedHost{}, 0},
		"disabled":                      {probedHost{check: &container.HealthConfig{Test: []string{"NONE"}}}, 0},
		"after the first":               {probedHost{check: check, ends: seconds}, time.Second},
		"another command is starting":   {probedHost{check: check, ends: seconds, execs: [][]string{nil, {"a"}, nil}}, 2 * time.Second},
		"another command runs for long": {probedHost{check: check, ends: seconds, execs: slices.Repeat([][]string{{"shell"}}, 9), running: map[string]int{"shell": 7}}, time.Second},
		"slow until the next is near":   {probedHost{check: check, ends: seconds, slow: []time.Duration{0, 600 * time.Millisecond}}, 2 * time.Second},
		"it never ends":                 {probedHost{check: check}, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				if err := awaitProbe(t.Context(), &test.host, "forge"); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start); got != test.want {
					t.Errorf("got a pause after %s, want it after %s", got, test.want)
				}
			})
		})
	}
}

func TestAwaitProbeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	host := &probedHost{check: &container.HealthConfig{Test: []string{"CMD", "x"}}}
	if err := awaitProbe(ctx, host, "forge"); err == nil {
		t.Error("got no error, want an interrupted backup to pause nothing")
	}
}

// TestPause: the freezer may give up; the next attempt comes after the next health check.
func TestPause(t *testing.T) {
	t.Parallel()
	check := &container.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 5 * time.Second}
	for name, test := range map[string]struct {
		refuses int
		began   time.Duration
		thaws   int
		fails   bool
	}{
		"at once":           {0, time.Second, 0, false},
		"the third time":    {2, 3 * time.Second, 2, false},
		"not in five times": {9, 5 * time.Second, 5, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// Each attempt subscribes again: the next check ends a second later.
				host := &probedHost{check: check, ends: []time.Duration{time.Second}, refuses: test.refuses}
				begin, thaws := time.Now(), 0
				start, err := pause(t.Context(), host, "forge", func() error { thaws++; return nil })
				if (err != nil) != test.fails || start.Sub(begin) != test.began || thaws != test.thaws {
					t.Errorf("got %v, begun after %s, thawed %d times; want failure %t, %s, %d", err, start.Sub(begin), thaws, test.fails, test.began, test.thaws)
				}
			})
		})
	}
}
