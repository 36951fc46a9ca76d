package pulumi

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestInstallOnce has several stacks need the same plugin at the same time, and then
// another build of it.
func TestInstallOnce(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	var installs []string // without a lock of its own: installOnce has one
	install := func(binary string) func() error {
		return func() error {
			installs = append(installs, binary)
			return os.MkdirAll(filepath.Join(home, "plugins", "resource-docker-v1.2.3"), 0o755)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := installOnce(t.Context(), home, "/cache/a", "1.2.3", install("a")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	failed := errors.New("no space")
	if err := installOnce(t.Context(), home, "/cache/b", "1.2.3", func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
	if err := installOnce(t.Context(), home, "/cache/b", "1.2.3", install("b")); err != nil {
		t.Error(err)
	}
	if len(installs) != 2 || installs[0] != "a" || installs[1] != "b" {
		t.Errorf("got the installs %q, want one of each build", installs)
	}
}
