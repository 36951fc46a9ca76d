//go:build linux

package jobengine

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestReplaceLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(dir, "docker")
	for _, number := range []string{"1", "2", "3"} {
		if err := os.WriteFile(filepath.Join(dir, number), []byte(number), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := replaceLink(number, link); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(link); err != nil || string(got) != number {
			t.Errorf("got %q, %v, want %s", got, err, number)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestClearAfterAKilledContainer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := &outer{log: slog.New(slog.NewTextHandler(t.Output(), nil)), paths: paths{
		data: filepath.Join(dir, "data"), run: filepath.Join(dir, "run"), current: filepath.Join(dir, "run", "docker"),
	}}
	left := []string{"data/7/image", "data/old.12", "run/engines/9", "run/docker"}
	for _, path := range left {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.clear(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		still := slices.DeleteFunc(slices.Clone(left), func(path string) bool {
			_, err := os.Stat(filepath.Join(dir, path))
			return os.IsNotExist(err)
		})
		if len(still) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %q", still)
		}
	}
	if got := o.started.Add(1); got != 10 {
		t.Errorf("got number %d for the first engine, want one that no directory has", got)
	}
	for _, path := range []string{"data", "run/engines"} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: got %v, %v, want that it is closed to jobs", path, info, err)
		}
	}
}
