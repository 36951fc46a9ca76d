//go:build integration

package artifacts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestActions builds the bundles for real; it is quick when the cache has them already.
func TestActions(t *testing.T) {
	dir, err := Actions(t.Context(), root, NewProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range BundledActions {
		for _, file := range []string{"action.yaml", "README.md", "dist/index.js"} {
			if info, err := os.Stat(filepath.Join(dir, name, file)); err != nil || info.Size() == 0 {
				t.Errorf("%s: got %v, %v for %s, want a file", name, info, err, file)
			}
		}
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("got %v beside the actions, %v, want nothing", left, err)
	}
}

// TestActionsFail has no registry: the error says which actions are missing, and how to go
// on without them.
func TestActionsFail(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("npm_config_registry", "http://127.0.0.1:1")
	t.Setenv("npm_config_fetch_retries", "0")
	_, err := Actions(t.Context(), root, NewProgress(t.Output()))
	if err == nil || !strings.Contains(err.Error(), "JavaScript actions") || !strings.Contains(err.Error(), "ECONNREFUSED") {
		t.Errorf("got %v, want an error that names the actions and the reason", err)
	}
}
