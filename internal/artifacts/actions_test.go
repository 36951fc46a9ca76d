package artifacts

import (
	"os"
	"path/filepath"
	"testing"
)

// TestActionsHash holds that what an action consists of, and what pins the toolkit, are
// part of the artifact's hash.
func TestActionsHash(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{actionsDir, "actions"} {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(filepath.Join("../..", dir))); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]string{}
	look := func(change string) {
		t.Helper()
		hash, err := ActionsHash(root)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[hash]; ok {
			t.Errorf("%s: got the hash of %s", change, before)
		}
		seen[hash] = change
	}
	look("nothing")
	for _, path := range []string{"tools/actions/package-lock.json", "tools/actions/package.json", "actions/cache/restore/action.yaml", "actions/upload-artifact/src/index.mjs"} {
		if err := os.WriteFile(filepath.Join(root, path), []byte("another"), 0o644); err != nil {
			t.Fatal(err)
		}
		look("a change of " + path)
	}
	if err := os.Rename(filepath.Join(root, "actions/cache/main.js"), filepath.Join(root, "actions/cache/other.js")); err != nil {
		t.Fatal(err)
	}
	look("another name")
}
