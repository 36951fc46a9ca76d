//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mostTimes is how many times as long as a clean run a repeat may take.
const mostTimes = 6

// TestKilledUp kills up with SIGKILL at points spread over its length; one
// plain repeat must end right.
func TestKilledUp(t *testing.T) {
	p := newProject(t, nil)
	clean := p.run(t.Context(), p.upArgs()...).must(t, 0, "is up").took
	whole := p.labelled()
	for i, n := 0, long(3, 20); i < n; i++ {
		at := spread(clean, i, n)
		p.run(t.Context(), "down", "--purge", "--yes").must(t, 0)
		how, took := p.kill(at, i%2 == 0, p.upArgs()...)
		if how == tooLate {
			clean, i = took, i-1
			continue
		}
		again := p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
		t.Logf("up killed after %.1fs (%s): repeat took %.1fs, clean %.1fs", at.Seconds(), how, again.took.Seconds(), clean.Seconds())
		if again.took > mostTimes*clean {
			t.Errorf("got a repeat of %s, want at most %d times the %s of a clean run", again.took, mostTimes, clean)
		}
		p.sameAs(whole)
	}
}

// TestKilledDown does the same to down.
func TestKilledDown(t *testing.T) {
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	whole := p.labelled()
	clean := p.run(t.Context(), "down", "--yes").must(t, 0).took
	for i, n := 0, long(2, 20); i < n; i++ {
		at := spread(clean, i, n)
		p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
		p.sameAs(whole)
		how, took := p.kill(at, i%2 == 0, "down", "--yes")
		if how == tooLate {
			clean, i = took, i-1
			continue
		}
		again := p.run(t.Context(), "down", "--yes").must(t, 0)
		t.Logf("down killed after %.1fs (%s): repeat took %.1fs, clean %.1fs", at.Seconds(), how, again.took.Seconds(), clean.Seconds())
		if again.took > mostTimes*clean {
			t.Errorf("got a repeat of %s, want at most %d times the %s of a clean run", again.took, mostTimes, clean)
		}
		if left := p.labelled(); len(left.containers)+len(left.networks) > 0 || len(left.volumes) != len(whole.volumes) {
			t.Errorf("got %+v after down, want the %d volumes alone", left, len(whole.volumes))
		}
	}
}

// long is the size of a test: the shorter one unless LONG is set.
func long(short, long int) int {
	if os.Getenv("LONG") != "" {
		return long
	}
	return short
}

// spread is the middle of the i-th of n equal parts of the whole.
func spread(whole time.Duration, i, n int) time.Duration {
	return whole * time.Duration(2*i+1) / time.Duration(2*n)
}

// upArgs are the arguments of an up that pushes nothing, on the stack's ports.
func (p *project) upArgs() []string {
	return []string{
		"up", "-c", "images=source", "-c", "seed=false",
		"-c", "httpPort=" + strconv.Itoa(p.http), "-c", "sshPort=" + strconv.Itoa(p.ssh),
	}
}

// tooLate says that there was nothing left to kill; the next run is then spread
// over the time that this one took.
const tooLate = "it had ended"

// kill starts the launcher and kills it after a while: with all it has started,
// as a crash of the machine would, or alone. It says which, and how long it ran.
func (p *project) kill(after time.Duration, all bool, args ...string) (how string, took time.Duration) {
	p.t.Helper()
	start := time.Now()
	cmd := p.command(p.t.Context(), nil, args...)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	select {
	case <-ended:
		return tooLate, time.Since(start)
	case <-time.After(after):
	}
	victims := []int{cmd.Process.Pid}
	how = "the launcher alone"
	if all {
		victims, how = append(victims, descendants(cmd.Process.Pid)...), "with all its processes"
	}
	for _, pid := range victims {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			p.t.Fatal(err)
		}
	}
	<-ended
	return how, time.Since(start)
}

// descendants are the processes that a process started, and theirs.
func descendants(pid int) []int {
	var found []int
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(append(found, child), descendants(child)...)
			}
		}
	}
	return found
}

// sameAs fails the test unless the stack has as many objects as a clean one,
// and its one runner.
func (p *project) sameAs(whole objects) {
	p.t.Helper()
	got := p.labelled()
	if len(got.containers) != len(whole.containers) || len(got.networks) != len(whole.networks) || len(got.volumes) != len(whole.volumes) {
		p.t.Errorf("got %+v, want as many as %+v", got, whole)
	}
	if s := p.status(); s.State != "up" || len(s.Runners) != 1 {
		p.t.Errorf("got state %s and runners %+v, want up and one", s.State, s.Runners)
	}
}
