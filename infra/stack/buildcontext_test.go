package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestContextHash changes one thing at a time in a build context; the hash must
// change if and only if the thing reaches an image.
func TestContextHash(t *testing.T) {
	t.Parallel()
	type inputs = map[string]string
	args, labels := inputs{"GO_IMAGE": "go:1"}, inputs{"stack": "dev"}
	write := func(name, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	must := func(err error) func(t *testing.T, dir string) {
		return func(t *testing.T, _ string) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		change  func(t *testing.T, dir string)
		args    inputs
		changes bool
	}{
		"nothing":                  {change: must(nil)},
		"a file":                   {change: write("main.go", "package main // changed\n"), changes: true},
		"a new file":               {change: write("new.go", "package main\n"), changes: true},
		"a nested file":            {change: write("internal/deep/a.go", "package deep // changed\n"), changes: true},
		"an empty directory":       {change: func(t *testing.T, dir string) { must(os.Mkdir(filepath.Join(dir, "empty"), 0o755))(t, dir) }, changes: true},
		"an ignored file":          {change: write("main_test.go", "package main // changed\n")},
		"a nested ignored file":    {change: write("internal/deep/a_test.go", "package deep // changed\n")},
		"a file above the context": {change: write("../go.mod", "module other\n")},
		"the ignored Dockerfile":   {change: write("Dockerfile", "FROM scratch\n"), changes: true},
		"a mode":                   {change: func(t *testing.T, dir string) { must(os.Chmod(filepath.Join(dir, "main.go"), 0o755))(t, dir) }, changes: true},
		"the mode of a directory":  {change: func(t *testing.T, dir string) { must(os.Chmod(filepath.Join(dir, "internal"), 0o700))(t, dir) }, changes: true},
		"the target of a link":     {change: relink("other"), changes: true},
		"a link in place of a file": {change: func(t *testing.T, dir string) {
			must(os.Remove(filepath.Join(dir, "main.go")))(t, dir)
			must(os.Symlink("link", filepath.Join(dir, "main.go")))(t, dir)
		}, changes: true},
		"a modification time": {change: func(t *testing.T, dir string) {
			must(os.Chtimes(filepath.Join(dir, "main.go"), time.Time{}, time.Unix(1, 0)))(t, dir)
		}},
		"a build argument":        {change: must(nil), args: inputs{"GO_IMAGE": "go:2"}, changes: true},
		"the name of an argument": {change: must(nil), args: inputs{"GO": "go:1"}, changes: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "service")
			for file, text := range map[string]string{
				"Dockerfile": "FROM x\n", ".dockerignore": "Dockerfile\n.dockerignore\n**/*_test.go\n", "main.go": "package main\n",
				"main_test.go": "package main\n", "internal/deep/a.go": "package deep\n", "internal/deep/a_test.go": "package deep\n",
				"../go.mod": "module above\n",
			} {
				write(file, text)(t, dir)
			}
			must(os.Symlink("main.go", filepath.Join(dir, "link")))(t, dir)
			before, err := contextHash(dir, args, labels)
			if err != nil {
				t.Fatal(err)
			}
			tt.change(t, dir)
			if tt.args == nil {
				tt.args = args
			}
			after, err := contextHash(dir, tt.args, labels)
			if err != nil {
				t.Fatal(err)
			}
			if changed := before != after; changed != tt.changes {
				t.Errorf("got a changed hash: %t, want %t", changed, tt.changes)
			}
		})
	}
}

func relink(target string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		link := filepath.Join(dir, "link")
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
}

// TestContextOfTheService holds the project's own .dockerignore: sub-packages
// are in the build context, tests are not.
func TestContextOfTheService(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyService(t, dir)
	service := filepath.Join(dir, "service")
	hash := func() string {
		t.Helper()
		h, err := contextHash(service)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	before := hash()
	deep := filepath.Join(service, "internal", "deep")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(service, "more_test.go"), []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	withDirectory := hash()
	if err := os.WriteFile(filepath.Join(deep, "deep_test.go"), []byte("package deep\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := hash(); got != withDirectory {
		t.Error("a test of a sub-package changes the image")
	}
	if err := os.WriteFile(filepath.Join(deep, "deep.go"), []byte("package deep\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := hash(); got == withDirectory || got == before {
		t.Error("a file of a sub-package does not change the image")
	}
}

func TestContextWithoutDockerfile(t *testing.T) {
	t.Parallel()
	_, err := contextHash(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "Dockerfile") {
		t.Errorf("got %v, want an error that names the Dockerfile", err)
	}
}
