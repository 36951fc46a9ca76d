package internal

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	goLines    = 300 // of one file
	shellLines = 349 // of the whole project, test inputs aside
)

// TestSize holds Go files to a size that one reads in a sitting, and keeps what
// is written in shell from growing. Generated code and the inputs of tests do not count.
func TestSize(t *testing.T) {
	t.Parallel()
	shell := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", ".pipeline", "sdk", "testdata"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		isGo := filepath.Ext(path) == ".go"
		if ext := filepath.Ext(path); !isGo && ext != "" && ext != ".sh" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines := bytes.Count(content, []byte("\n"))
		first, _, _ := strings.Cut(string(content[:min(len(content), 80)]), "\n")
		switch {
		case isGo && lines > goLines:
			t.Errorf("%s has %d lines, want at most %d: split it by subject", path, lines, goLines)
		case !isGo && (filepath.Ext(path) == ".sh" || strings.HasPrefix(first, "#!") && strings.HasSuffix(first, "sh")):
			shell += lines
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lines of shell", shell)
	if shell == 0 || shell > shellLines {
		t.Errorf("got %d lines of shell, want 1 to %d", shell, shellLines)
	}
}
