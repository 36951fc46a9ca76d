package jobengine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeEngine is an engine that ends when the test or the supervisor says so.
type fakeEngine struct {
	host           *fakeHost
	number         int
	ended, busy    chan struct{}
	killed, purged bool
}

func (e *fakeEngine) Ended() <-chan struct{} { return e.ended }
func (e *fakeEngine) Busy() <-chan struct{}  { return e.busy }
func (e *fakeEngine) Kill() error {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	e.killed = true
	e.crash()
	return nil
}
func (e *fakeEngine) Remove() error {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	e.purged = true
	return nil
}

// Probe takes as long as a fake engine's start, and fails if the engine ends meanwhile.
func (e *fakeEngine) Probe(context.Context, string) error {
	select {
	case <-e.ended:
		return errors.New("no network")
	case <-time.After(startTime):
		return nil
	}
}

func (e *fakeEngine) crash() {
	select {
	case <-e.ended:
	default:
		close(e.ended)
	}
}

// startTime is how long a fake engine takes to start.
const startTime = 2 * time.Second

// fakeHost starts fake engines, numbered from 1. A test holds mu, but for the time that it
// leaves to the supervisor.
type fakeHost struct {
	mu        sync.Mutex
	engines   []*fakeEngine
	published int // number of the engine that the runner finds; 0 for none
	failures  int // so many next starts fail
	disk      error
	room      bool
}

func (h *fakeHost) Start(ctx context.Context) (Engine, error) {
	select {
	case <-time.After(startTime):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures > 0 {
		h.failures--
		return nil, errors.New("no start")
	}
	e := &fakeEngine{host: h, number: len(h.engines) + 1, ended: make(chan struct{}), busy: make(chan struct{})}
	h.engines = append(h.engines, e)
	return e, nil
}

func (h *fakeHost) Publish(e Engine) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.published = 0
	if e != nil {
		h.published = e.(*fakeEngine).number
	}
	return nil
}

func (h *fakeHost) CheckDisk() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.disk
}

func (h *fakeHost) RoomForNext() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.room
}

// supervise runs a test with a supervisor in a bubble of its own time.
func supervise(t *testing.T, room bool, test func(t *testing.T, h *fakeHost, s *Supervisor)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &fakeHost{room: room}
		s := NewSupervisor(h, slog.New(slog.NewTextHandler(t.Output(), nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		h.mu.Lock()
		test(t, h, s)
		h.mu.Unlock()
		cancel()
		<-done
		for _, e := range h.engines {
			if !e.killed {
				t.Errorf("engine %d outlives its supervisor", e.number)
			}
		}
	})
}

// acquire takes an engine, wants it to be the one with this number, and says how long it took.
func acquire(t *testing.T, h *fakeHost, s *Supervisor, number int) time.Duration {
	t.Helper()
	start := time.Now()
	h.mu.Unlock()
	if err := s.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	synctest.Wait()
	h.mu.Lock()
	if h.published != number {
		t.Errorf("got engine %d, want %d", h.published, number)
	}
	return took
}

// pause lets time pass, and what happens in it.
func (h *fakeHost) pause(d time.Duration) {
	h.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	h.mu.Lock()
}

// job lets a job begin on an engine.
func (h *fakeHost) job(number int) {
	close(h.engines[number-1].busy)
	h.pause(0)
}

// release says that the job has ended.
func (h *fakeHost) release(s *Supervisor) {
	h.mu.Unlock()
	s.Release()
	synctest.Wait()
	h.mu.Lock()
}
