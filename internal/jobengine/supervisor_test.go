package jobengine

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEachJobGetsAnEngineOfItsOwn(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		for number := 1; number <= 3; number++ {
			if took := acquire(t, h, s, number); took != startTime {
				t.Errorf("got engine %d after %s, want %s", number, took, startTime)
			}
			h.job(number)
			h.release(s)
			if e := h.engines[number-1]; !e.killed || !e.purged {
				t.Errorf("engine %d is still there after its job", number)
			}
		}
	})
}

func TestNextEngineIsReadyAsAJobEnds(t *testing.T) {
	t.Parallel()
	supervise(t, true, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		h.pause(time.Minute)
		if len(h.engines) != 1 {
			t.Fatalf("got %d engines without a job, want 1", len(h.engines))
		}
		h.job(1)
		h.pause(time.Minute)
		if len(h.engines) != 2 || h.published != 1 {
			t.Fatalf("got %d engines in a job and number %d for the runner, want 2 and 1", len(h.engines), h.published)
		}
		h.release(s)
		if took := acquire(t, h, s, 2); took != 0 {
			t.Errorf("got the next engine after %s, want at once", took)
		}
		if !h.engines[0].killed {
			t.Error("the engine of the last job is still there")
		}
	})
}

// TestNoNextEngineWithoutRoom gives the room back while the job runs.
func TestNoNextEngineWithoutRoom(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		h.job(1)
		h.pause(time.Minute)
		if len(h.engines) != 1 {
			t.Fatalf("got %d engines, want no second one", len(h.engines))
		}
		h.room = true
		h.pause(startTime + checkInterval)
		if len(h.engines) != 2 {
			t.Errorf("got %d engines, want a second one once there is room", len(h.engines))
		}
	})
}

// TestEngineOfAKilledRunner is acquired a second time without a release in between.
func TestEngineOfAKilledRunner(t *testing.T) {
	t.Parallel()
	supervise(t, true, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		acquire(t, h, s, 2)
		if !h.engines[0].killed {
			t.Error("the engine of the killed runner is still there")
		}
	})
}

func TestAcquireIsCancelled(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		ctx, cancel := context.WithTimeout(t.Context(), startTime/2)
		defer cancel()
		h.mu.Unlock()
		err := s.Acquire(ctx)
		h.mu.Lock()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want that it was cancelled", err)
		}
		h.pause(startTime)
		acquire(t, h, s, 1) // nobody has used it
	})
}

func TestReleaseOfAnUnusedEngine(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		h.release(s)
		h.pause(startTime)
		h.release(s)
		acquire(t, h, s, 1)
	})
}

// TestEngineThatEndsInAJob stays published, as its runner must not go on with its job on
// another engine.
func TestEngineThatEndsInAJob(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		h.job(1)
		h.engines[0].crash()
		h.pause(time.Minute)
		if h.published != 1 || len(h.engines) != 2 {
			t.Errorf("got engine %d of %d for a runner whose engine has ended, want 1 of 2", h.published, len(h.engines))
		}
		if took := acquire(t, h, s, 2); took != 0 {
			t.Errorf("got another engine after %s, want that it was prepared", took)
		}
	})
}

func TestUnusedEngineThatEndsIsReplaced(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		h.pause(startTime + time.Second)
		h.engines[0].crash()
		h.pause(startTime + time.Second)
		if h.published != 2 {
			t.Errorf("got engine %d, want 2", h.published)
		}
	})
}

func TestNextEngineThatEndsIsReplaced(t *testing.T) {
	t.Parallel()
	supervise(t, true, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		h.job(1)
		h.pause(startTime)
		h.engines[1].crash()
		h.pause(time.Minute)
		h.release(s)
		if took := acquire(t, h, s, 3); took != 0 {
			t.Errorf("waited %s for an engine, want none", took)
		}
	})
}

func TestFailedStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		h.failures = 3
		if took, want := acquire(t, h, s, 1), 4*startTime+3*retryDelay; took != want {
			t.Errorf("got an engine after %s, want %s", took, want)
		}
	})
}

// TestFullDiskEndsAllJobs also stands for a disk that cannot be looked at.
func TestFullDiskEndsAllJobs(t *testing.T) {
	t.Parallel()
	supervise(t, true, func(t *testing.T, h *fakeHost, s *Supervisor) {
		acquire(t, h, s, 1)
		h.job(1)
		h.pause(startTime)
		h.disk = errors.New("statfs: input/output error")
		h.pause(checkInterval)
		for _, e := range h.engines {
			if !e.killed || !e.purged {
				t.Errorf("engine %d is still there", e.number)
			}
		}
		if h.published != 0 || len(h.engines) != 2 {
			t.Errorf("got engine %d of %d, want none of 2", h.published, len(h.engines))
		}
		h.pause(time.Minute)
		if len(h.engines) != 2 {
			t.Errorf("got %d engines, want that none was started on a full disk", len(h.engines))
		}
		h.disk = nil
		h.pause(checkInterval)
		acquire(t, h, s, 3)
	})
}

// TestFullDiskEndsAStart looks at the disk when nothing runs yet.
func TestFullDiskEndsAStart(t *testing.T) {
	t.Parallel()
	supervise(t, false, func(t *testing.T, h *fakeHost, s *Supervisor) {
		h.pause(0)
		h.disk = errors.New("full")
		h.pause(time.Minute)
		if len(h.engines) != 0 {
			t.Errorf("got %d engines, want none", len(h.engines))
		}
		h.disk = nil
		acquire(t, h, s, 1)
	})
}
