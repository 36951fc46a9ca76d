package artifacts

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writeProject lays out a module with the given files.
func writeProject(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestBinaryHashCoversWhatItIsBuiltFrom(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"go.mod":                  "module example.org/project\n",
		"go.sum":                  "",
		"cmd/tool/main.go":        "package main\n\nimport _ \"example.org/project/internal/one\"\n\nfunc main() {}\n",
		"internal/one/one.go":     "package one\n\nimport (\n\t_ \"embed\"\n\t_ \"example.org/project/internal/two\"\n)\n\n//go:embed text\nvar text string\n",
		"internal/one/text":       "text",
		"internal/two/two.go":     "package two\n",
		"internal/two/windows.go": "//go:build windows\n\npackage two\n",
		"internal/two/a_test.go":  "package two\n",
		"internal/other/other.go": "package other\n",
	}
	root := writeProject(t, files)
	hash := func() string {
		t.Helper()
		h, err := projectBinary("tool").Hash(root)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := hash()
	outside := []string{"internal/two/windows.go", "internal/two/a_test.go", "internal/other/other.go"}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if changed := hash() != first; changed == slices.Contains(outside, name) {
			t.Errorf("%s changed: got another hash %v", name, changed)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
