// Package pulumi keeps what Pulumi needs to run the program for one stack:
// the generated workspace directory, the state, the passphrase, and the locks.
package pulumi

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// ErrBusy says that another launcher is changing the stack.
var ErrBusy = errors.New("the stack is busy")

// Lock takes the stack's lock file, or fails at once and names the process that
// holds it. The kernel drops the lock with the process, however it ends.
func Lock(file string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("creating the directory of the stack's lock: %w", err)
	}
	lock := flock.New(file, flock.SetFlag(os.O_CREATE|os.O_RDWR))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", file, err)
	}
	if !got {
		pid, _ := os.ReadFile(file)
		holder := strings.TrimSpace(string(pid))
		if holder == "" {
			holder = "unknown"
		}
		return nil, problem.New("starting to change the stack",
			fmt.Errorf("%w: another pipeline command (pid %s) is changing it", ErrBusy, holder),
			"wait until that one has ended, or stop it with Ctrl-C")
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		_ = lock.Unlock()
		return nil, fmt.Errorf("writing the stack's lock: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil
}
