package artifacts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHelper is not a test: it is the process that other tests run, which
// builds the artifact named by the environment and says so.
func TestHelper(t *testing.T) {
	name := os.Getenv("PARTS_TEST_BUILD")
	if name == "" {
		return
	}
	_, err := Cached(t.Context(), name, "h", NewProgress(os.Stderr), func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "half"), nil, 0o600); err != nil {
			return err
		}
		log, err := os.OpenFile(os.Getenv("PARTS_TEST_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer log.Close()
		if _, err := log.WriteString("built\n"); err != nil {
			return err
		}
		// Until the test lets it continue.
		for !exists(os.Getenv("PARTS_TEST_GO")) {
			time.Sleep(5 * time.Millisecond)
		}
		return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// builders starts processes that build one artifact in a cache of their own.
type builders struct{ cache, log, signal string }

func newBuilders(t *testing.T) builders {
	dir := t.TempDir()
	return builders{cache: dir, log: filepath.Join(dir, "log"), signal: filepath.Join(dir, "go")}
}

func (b builders) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(os.Environ(), "PARTS_TEST_BUILD=thing", "PARTS_TEST_LOG="+b.log, "PARTS_TEST_GO="+b.signal, "XDG_CACHE_HOME="+b.cache)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func (b builders) artifact() string { return filepath.Join(b.cache, "gitops-pipeline", "thing-h") }

// begun waits until n builds have begun.
func (b builders) begun(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if data, _ := os.ReadFile(b.log); strings.Count(string(data), "built") == n {
			return
		}
	}
	t.Fatalf("%d builds did not begin in 10 s", n)
}

func (b builders) goOn(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(b.signal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTwoBuildsAtOnceBuildOnce(t *testing.T) {
	t.Parallel()
	b := newBuilders(t)
	one, two := b.start(t), b.start(t)
	b.begun(t, 1)
	if exists(b.artifact()) {
		t.Error("an incomplete artifact has its name")
	}
	b.goOn(t)
	if err := errors.Join(one.Wait(), two.Wait()); err != nil {
		t.Fatal(err)
	}
	b.begun(t, 1)
	if !exists(filepath.Join(b.artifact(), "whole")) {
		t.Error("the artifact is missing")
	}
}

func TestInterruptedBuildLeavesNothingHalfMade(t *testing.T) {
	t.Parallel()
	b := newBuilders(t)
	killed := b.start(t)
	b.begun(t, 1)
	if err := killed.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := killed.Wait(); err == nil {
		t.Fatal("the killed build ended well")
	}
	if exists(b.artifact()) {
		t.Error("the interrupted build has its name")
	}
	again := b.start(t)
	b.begun(t, 2)
	b.goOn(t)
	if err := again.Wait(); err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(b.artifact(), "whole")) {
		t.Error("the artifact is missing")
	}
	if left, _ := filepath.Glob(filepath.Join(b.cache, "gitops-pipeline", "tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "go.mod")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	of := func(words ...string) string {
		t.Helper()
		h, err := Hash(words, file)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	write("one")
	first := of("a", "b")
	if of("a", "b") != first {
		t.Error("the same has another hash")
	}
	if of("ab") == first || of("b", "a") == first {
		t.Error("other words have the same hash")
	}
	write("two")
	if of("a", "b") == first {
		t.Error("another file has the same hash")
	}
	if _, err := Hash(nil, file+".none"); err == nil {
		t.Error("a pin that is not there is no error")
	}
}
