//go:build e2e

package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// workflowsDir holds workflows that people bring: see its README.
const workflowsDir = "testdata/workflows"

// runWorkflows pushes the directories of testdata/workflows whose names match a pattern to
// the stack. Every run must be green.
func (p *project) runWorkflows(pattern string) {
	p.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(workflowsDir, pattern, "EXPECT.md"))
	if err != nil || len(dirs) == 0 {
		p.t.Fatalf("got workflows %q, %v, want some", dirs, err)
	}
	r := p.owner().newRepository("workflows")
	for _, expect := range dirs {
		dir := filepath.Dir(expect)
		start := time.Now()
		log, conclusion := r.ended(r.commit(readTree(p.t, dir)))
		p.t.Logf("workflow %-18s %s in %s", filepath.Base(dir), conclusion, time.Since(start).Round(100*time.Millisecond))
		if conclusion != "success" {
			p.t.Errorf("the workflow %s ended in %s, want success; log:\n%s", dir, conclusion, log)
		}
	}
}

// readTree reads the files of a repository: their texts by their paths.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == "EXPECT.md" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
