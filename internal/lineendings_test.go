package internal

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// windowsFile is the one file with carriage returns: what a user on Windows pushes.
var windowsFile = filepath.FromSlash("e2e/testdata/workflows/crlf-gomod/go.mod")

// TestCheckoutHasNoCarriageReturns checks out the project's files as Git for Windows
// does by default. Scripts, Dockerfiles and actions go into Linux containers, whose
// shells take a carriage return for a part of the word before it.
func TestCheckoutHasNoCarriageReturns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	checkout := exec.Command("git", "-c", "core.autocrlf=true", "checkout-index", "--all", "--prefix="+dir+"/")
	checkout.Dir = ".."
	if out, err := checkout.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\nthis test needs the project's files in a Git repository", err, out)
	}
	read := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := path[len(dir)+1:]
		if binary := bytes.IndexByte(data, 0) >= 0; !binary && bytes.Contains(data, []byte("\r\n")) != (name == windowsFile) {
			t.Errorf("%s has carriage returns, or %s has none any more", name, windowsFile)
		}
		read++
		return nil
	})
	if err != nil || read < 100 {
		t.Fatalf("read %d files: %v", read, err)
	}
}
