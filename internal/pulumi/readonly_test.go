package pulumi

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// snapshot is the content and the time of every file and directory.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found[path] = info.Mode().String() + info.ModTime().Format(time.RFC3339Nano)
		if d.Type().IsRegular() {
			found[path] += read(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestReadingWritesNothing reads the outputs of stacks while their passphrase is being
// replaced, with a Pulumi that only tells what it was given.
func TestReadingWritesNothing(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := projecttest.New(t, "config:\n  gitops-pipeline:httpPort: \"3100\"\n")
	old, next := unfinishedRotation(t, p)
	if err := generate(p, "dev"); err != nil {
		t.Fatal(err)
	}
	writeState(t, p, "dev", salted(t, next))
	if err := os.WriteFile(workspaceConfigFile(p, "dev"), []byte("encryptionsalt: "+salted(t, old)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, p.Root)
	dir, phrase, err := readOnlyWorkspace(t.Context(), p, "dev")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if phrase != next {
		t.Error("got a passphrase that does not open the state")
	}
	config := read(t, filepath.Join(dir, "Pulumi.dev.yaml"))
	salt, err := stateSalt(p, "dev")
	if err != nil || !strings.Contains(config, salt) || !strings.Contains(config, "3100") {
		t.Errorf("got %q and %v, want the configuration with the state's salt", config, err)
	}
	// No such program: opening fails after everything was prepared.
	if _, _, err := openReadOnly(t.Context(), p, "dev", artifacts.CLI{}); err != nil {
		t.Log(err)
	}
	for path, was := range before {
		if now := snapshot(t, p.Root)[path]; now != was {
			t.Errorf("%s was changed by reading", path)
		}
	}
	if after := snapshot(t, p.Root); len(after) != len(before) {
		t.Errorf("got %d files and directories after reading, want the %d of before", len(after), len(before))
	}
}
