package forgestart

import "testing"

// TestServe returns the exit code of what it starts, as a shell gives it, and ends the
// password step with it.
func TestServe(t *testing.T) {
	t.Parallel()
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
