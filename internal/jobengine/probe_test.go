package jobengine

import (
	"errors"
	"testing"
	"time"
)

// TestProbeAcrossJobs probes an engine whose job ends meanwhile, and then one that never comes.
func TestProbeAcrossJobs(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		probed := make(chan error, 1)
		probe := func() { probed <- s.Probe(t.Context(), "http://forge") }
		acquire(t, h, s, 1)
		h.job(1)
		go probe()
		h.pause(time.Second)
		h.release(s)
		h.pause(3 * startTime)
		if err := <-probed; err != nil {
			t.Errorf("got %v, want the answer of the next engine", err)
		}
		h.disk = errors.New("full")
		h.pause(2 * checkInterval)
		go probe()
		h.pause(exchangeLimit + time.Second)
		if err := <-probed; !errors.Is(err, errNoEngine) {
			t.Errorf("got %v without an engine, want %v", err, errNoEngine)
		}
	})
}
