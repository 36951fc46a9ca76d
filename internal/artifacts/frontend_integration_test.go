//go:build integration

package artifacts

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

const root = "../.."

// TestFrontend builds the frontend for real; it is quick when the cache has it already.
func TestFrontend(t *testing.T) {
	assets, err := Frontend(t.Context(), root, NewProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]struct{ File string }
	readJSON(t, filepath.Join(assets, ".vite", "manifest.json"), &manifest)
	for _, entry := range []string{"web_src/js/index.ts", "web_src/js/iife.ts", "web_src/css/themes/theme-gitea-auto.css"} {
		if _, err := os.Stat(filepath.Join(assets, manifest[entry].File)); err != nil || manifest[entry].File == "" {
			t.Errorf("got %q for %s: %v", manifest[entry].File, entry, err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(assets)); err != nil || len(left) != 1 {
		t.Errorf("got %v beside the assets, %v, want nothing", left, err)
	}
}

// TestFrontendPins holds pnpm to the version that Gitea builds its frontend with.
func TestFrontendPins(t *testing.T) {
	module, err := ModuleDir(t.Context(), filepath.Join(root, Gitea.Module), Gitea.Pin)
	if err != nil {
		t.Fatal(err)
	}
	var theirs struct{ PackageManager string }
	readJSON(t, filepath.Join(module, "package.json"), &theirs)
	var ours struct{ Dependencies map[string]string }
	readJSON(t, filepath.Join(root, frontendDir, "package.json"), &ours)
	if got, _, _ := strings.Cut(theirs.PackageManager, "+"); got != "pnpm@"+ours.Dependencies["pnpm"] {
		t.Errorf("got pnpm@%s in %s, want %s, as Gitea's package.json names", ours.Dependencies["pnpm"], frontendDir, got)
	}
}

// TestFrontendFails has a package that is not the one of the lock file, and no registry.
func TestFrontendFails(t *testing.T) {
	integrity := regexp.MustCompile(`sha512-[^"]+`)
	for name, tt := range map[string]struct {
		lock     func(string) string
		registry string
		want     string
	}{
		"another package": {
			lock: func(lock string) string {
				return integrity.ReplaceAllString(lock, "sha512-"+strings.Repeat("A", 86)+"==")
			},
			want: "EINTEGRITY",
		},
		"a broken lock file": {lock: func(lock string) string { return lock[:len(lock)/2] }, want: "package-lock.json"},
		"no registry":        {registry: "http://127.0.0.1:1", want: "ECONNREFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			if tt.registry != "" {
				t.Setenv("npm_config_registry", tt.registry)
				t.Setenv("npm_config_fetch_retries", "0")
			}
			project := t.TempDir()
			if err := os.CopyFS(filepath.Join(project, Gitea.Module), os.DirFS(filepath.Join(root, Gitea.Module))); err != nil {
				t.Fatal(err)
			}
			if tt.lock != nil {
				path := filepath.Join(project, frontendDir, "package-lock.json")
				data, err := os.ReadFile(path)
				if err == nil {
					err = os.WriteFile(path, []byte(tt.lock(string(data))), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			_, err := Frontend(t.Context(), project, NewProgress(t.Output()))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "the forge's pages") {
				t.Errorf("got %v, want an error that names the pages and says %q", err, tt.want)
			}
			// As the launcher reports it, with this error as the cause.
			if next := problem.Next(Problem("the images", errors.Join(err))); !strings.Contains(next, "forge.frontend") {
				t.Errorf("got the next step %q, want how to go on without the frontend", next)
			}
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "gitops-pipeline", "*")); len(left) != 1 || filepath.Ext(left[0]) != ".lock" {
				t.Errorf("got %q in the cache, want the lock alone", left)
			}
		})
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
