package artifacts

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// TestRunEndsAll has a command that leaves a process behind which ignores interrupts, as
// mmdebstrap's do.
func TestRunEndsAll(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- Run(ctx, "", nil, "sh", "-c", "(trap '' INT; echo started; sleep 5; echo survived) > "+pipe+" 2> /dev/null & wait")
	}()
	left, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = left.Close() }()
	lines := bufio.NewScanner(left)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("an interrupted command did not fail")
	}
	if lines.Scan() { // the end comes as the last process that writes has gone
		t.Errorf("what the command started goes on: %s", lines.Text())
	}
}
