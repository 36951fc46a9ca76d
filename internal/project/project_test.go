package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	other := filepath.Join(root, "other", "deep")
	if err := os.MkdirAll(other, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(dir, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Find(other); err == nil || problem.Next(err) == "" {
		t.Errorf("got %v outside of any project, want an error with advice", err)
	}
	write(root, "name: gitops-pipeline\nruntime: go\n")
	write(filepath.Dir(other), "name: another\n") // someone else's project on the way up
	got, err := Find(other)
	if err != nil || got.Root != root {
		t.Errorf("got %q and %v, want %q", got.Root, err, root)
	}
}
