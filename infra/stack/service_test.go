package stack

import (
	"os"
	"path/filepath"
	"testing"
)

// copyService puts the service's build context below dir.
func copyService(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "service"), os.DirFS("../../service")); err != nil {
		t.Fatal(err)
	}
}

func TestContextHash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyService(t, dir)
	service := filepath.Join(dir, "service")
	hash := func(words ...string) string {
		t.Helper()
		h, err := contextHash(service, words...)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := hash("go:1", "base:1")
	if again := hash("go:1", "base:1"); again != first {
		t.Errorf("got %s and %s for one context", first, again)
	}
	if other := hash("go:2", "base:1"); other == first {
		t.Error("another Go image has the same hash")
	}
	if err := os.WriteFile(filepath.Join(service, "main.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed := hash("go:1", "base:1"); changed == first {
		t.Error("a changed file has the same hash")
	}
}
