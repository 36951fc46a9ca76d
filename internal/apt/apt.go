// Package apt installs Debian packages, one installation at a time.
package apt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Runner runs a command with additional environment variables.
type Runner func(ctx context.Context, env []string, name string, args ...string) error

// lockTimeout is how long apt waits for an apt or dpkg that is not this project's,
// such as unattended-upgrades.
const lockTimeout = 5 * time.Minute

// Install installs packages with apt-get. apt-get refuses to run beside another, so
// that it waits for each that this process or another one of this project runs.
func Install(ctx context.Context, out io.Writer, run Runner, packages ...string) error {
	unlock, err := lock(ctx, out)
	if err != nil {
		return err
	}
	defer unlock()
	env := append(ProxyEnvironment(), "DEBIAN_FRONTEND=noninteractive")
	wait := fmt.Sprintf("-oDPkg::Lock::Timeout=%.0f", lockTimeout.Seconds())
	// What fails here may be another's update of the same lists, after which the
	// packages can be installed.
	updateErr := run(ctx, env, "apt-get", "update", "-q", wait)
	args := append([]string{"install", "-y", "-q", "--no-install-recommends", wait}, packages...)
	if err := run(ctx, env, "apt-get", args...); err != nil {
		return errors.Join(updateErr, err)
	}
	return nil
}

// lock waits until nobody else of this project installs packages. The lock is of the
// open file, so that it holds within one process as well as between two.
func lock(ctx context.Context, out io.Writer) (unlock func(), err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache directory: %w; set XDG_CACHE_HOME", err)
	}
	dir := filepath.Join(cache, "gitops-pipeline")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(dir, "apt.lock"))
	ok, err := l.TryLock()
	if err == nil && !ok {
		fmt.Fprintln(out, "waiting for another apt-get")
		_, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("waiting for another apt-get: %w", err)
	}
	return func() { _ = l.Unlock() }, nil
}
