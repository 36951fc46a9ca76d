package artifacts

import (
	"strings"
	"testing"
)

// TestRunShowsBothEnds has commands that say what is wrong first, and last.
func TestRunShowsBothEnds(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), "", nil, "sh", "-c", "echo lock file broken; seq 1000; echo no such file; exit 3")
	if err == nil || !strings.Contains(err.Error(), "lock file broken") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want the first and the last line", err)
	}
	if lines := strings.Count(err.Error(), "\n"); lines > 35 {
		t.Errorf("got %d lines, want few", lines)
	}
	if err := Run(t.Context(), "", nil, "sh", "-c", "echo only line; exit 3"); err == nil || strings.Count(err.Error(), "only line") != 2 { // in the command too
		t.Errorf("got %v, want the line once", err)
	}
}
