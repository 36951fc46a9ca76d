package artifacts

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestNodePins holds that the pinned version is an exact one, and that what pins Node.js
// and npm by their hashes is part of the artifact's own.
func TestNodePins(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, nodeDir), os.DirFS(filepath.Join("../..", nodeDir))); err != nil {
		t.Fatal(err)
	}
	version, err := NodeVersion(root)
	if err != nil || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		t.Errorf("got version %q and %v, want an exact one", version, err)
	}
	before, err := NodeHash(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, nodeDir, "package-lock.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if after, err := NodeHash(root); err != nil || after == before {
		t.Errorf("got the hash %s and %v with another lock, want another hash than %s", after, err, before)
	}
	if err := os.WriteFile(filepath.Join(root, nodeDir, "package.json"), []byte(`{"optionalDependencies": {}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NodeVersion(root); err == nil {
		t.Error("got no error from a pin without this machine's package")
	}
}
