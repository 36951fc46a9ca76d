package pulumi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// PulumiLock is a lock of Pulumi's file backend. The process that made it
// removes it; one that was killed leaves it behind.
type PulumiLock struct {
	File     string    `json:"file"`
	Pid      int       `json:"pid"`
	Hostname string    `json:"hostname"`
	Time     time.Time `json:"timestamp"`
	Stale    bool      `json:"stale"` // its process is dead, on this host
}

// PulumiLocks returns the locks on the stack in the project's own state.
func PulumiLocks(p project.Project, stack string) ([]PulumiLock, error) {
	dir := filepath.Join(p.StateDir(), ".pulumi", "locks", "organization", naming.Project, stack)
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Pulumi's locks: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("asking for this host's name: %w", err)
	}
	var locks []PulumiLock
	for _, file := range files {
		path := filepath.Join(dir, file.Name())
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || file.IsDir() || filepath.Ext(path) != ".json" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading Pulumi's lock: %w", err)
		}
		lock := PulumiLock{File: path}
		if err := json.Unmarshal(text, &lock); err != nil {
			// The process that wrote it was killed before the end: nobody holds the lock.
			lock.Stale = true
		} else {
			lock.Stale = lock.Hostname == host && !alive(lock.Pid)
		}
		lock.File = path
		locks = append(locks, lock)
	}
	return locks, nil
}

// alive tells whether pid is a running pulumi; the number may since belong to
// another program.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // no /proc: the signal's answer stands
	}
	_, rest, _ := strings.Cut(string(status), "(")
	name, rest, _ := strings.Cut(rest, ")")
	return strings.Contains(name, "pulumi") && !strings.HasPrefix(strings.TrimSpace(rest), "Z")
}

// ClearStale removes the stack's stale locks and returns them.
func ClearStale(p project.Project, stack string) ([]PulumiLock, error) {
	locks, err := PulumiLocks(p, stack)
	if err != nil {
		return nil, err
	}
	var cleared []PulumiLock
	for _, lock := range locks {
		if !lock.Stale {
			continue
		}
		if err := os.Remove(lock.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cleared, fmt.Errorf("removing a stale lock: %w", err)
		}
		cleared = append(cleared, lock)
	}
	return cleared, nil
}
