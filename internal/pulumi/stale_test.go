package pulumi

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

func writeLock(t *testing.T, p project.Project, name string, pid int, host string) string {
	t.Helper()
	dir := filepath.Join(p.StateDir(), ".pulumi", "locks", "organization", naming.Project, "dev")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"pid": pid, "hostname": host, "username": "root", "timestamp": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startAs runs a real process under the given program name.
func startAs(t *testing.T, name string) int {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(sleep, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

func TestClearStale(t *testing.T) {
	t.Parallel()
	p := project.Project{Root: t.TempDir()}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead := writeLock(t, p, "dead", ended.Process.Pid, host)
	reused := writeLock(t, p, "reused", os.Getppid(), host) // the go command: alive, but not a pulumi
	living := writeLock(t, p, "living", startAs(t, "pulumi"), host)
	elsewhere := writeLock(t, p, "elsewhere", ended.Process.Pid, "another-host")
	incomplete := writeLock(t, p, "incomplete", 1, host)
	if err := os.WriteFile(incomplete, []byte(`{"pid":`), 0o600); err != nil {
		t.Fatal(err)
	}

	cleared, err := ClearStale(p, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if len(cleared) != 3 {
		t.Errorf("got %d cleared, want 3: %v", len(cleared), cleared)
	}
	for file, want := range map[string]bool{dead: false, reused: false, incomplete: false, living: true, elsewhere: true} {
		if _, err := os.Stat(file); (err == nil) != want {
			t.Errorf("%s: got present=%t, want %t", filepath.Base(file), err == nil, want)
		}
	}
	if locks, err := PulumiLocks(p, "another"); err != nil || locks != nil {
		t.Errorf("a stack without locks: got %v, %v", locks, err)
	}
}
