package internal

import (
	"bytes"
	"path"
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
	eachFile(t, func(name string, content []byte) {
		ext := path.Ext(name)
		if strings.Contains(name, "testdata/") || ext != "" && ext != ".go" && ext != ".sh" {
			return
		}
		lines := bytes.Count(content, []byte("\n"))
		first, _, _ := strings.Cut(string(content[:min(len(content), 80)]), "\n")
		switch {
		case ext == ".go" && lines > goLines:
			t.Errorf("%s has %d lines, want at most %d: split it by subject", name, lines, goLines)
		case ext == ".sh" || ext == "" && strings.HasPrefix(first, "#!") && strings.HasSuffix(first, "sh"):
			shell += lines
		}
	})
	t.Logf("%d lines of shell", shell)
	if shell == 0 || shell > shellLines {
		t.Errorf("got %d lines of shell, want 1 to %d", shell, shellLines)
	}
}
