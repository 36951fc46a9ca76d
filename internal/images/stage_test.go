package images

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestContextIsReadableUnderAnyUmask lays out files under a umask that takes
// everyone's access: Gitea's user must still be able to read what is its image.
// It is not parallel, as the umask is the whole process's.
func TestContextIsReadableUnderAnyUmask(t *testing.T) {
	module := t.TempDir()
	for name, mode := range map[string]os.FileMode{"templates/home.tmpl": 0o444, "docker/rootless/usr/local/bin/gitea": 0o444, "gitea": 0o555} {
		path := filepath.Join(module, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := t.TempDir()
	err := errors.Join(
		copyTree(filepath.Join(module, "docker/rootless"), dir, 0o755),
		copyTree(filepath.Join(module, "templates"), filepath.Join(dir, "app/static/templates"), 0o644),
		copyFile(filepath.Join(module, "gitea"), filepath.Join(dir, "app/gitea"), 0o755),
		// What is written without a helper, such as the description of the job image.
		os.Mkdir(filepath.Join(dir, "job"), 0o755),
		os.WriteFile(filepath.Join(dir, "job/name"), nil, 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]os.FileMode{
		"app": 0o755, "app/gitea": 0o755, "app/static": 0o755, "app/static/templates": 0o755, "app/static/templates/home.tmpl": 0o644,
		"job": 0o755, "job/name": 0o644, "usr": 0o755, "usr/local": 0o755, "usr/local/bin": 0o755, "usr/local/bin/gitea": 0o755,
	}
	for name, mode := range tarModes(t, dir) {
		if mode != want[name] {
			t.Errorf("got mode %o of %s, want %o", mode, name, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not in the build's context: %v", want)
	}
}

// tarModes are the modes of what is sent to the Docker host.
func tarModes(t *testing.T, dir string) map[string]os.FileMode {
	t.Helper()
	stream, err := contextTar(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	modes := map[string]os.FileMode{}
	for files := tar.NewReader(stream); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return modes
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 {
			t.Errorf("got owner %d:%d of %s, want root", h.Uid, h.Gid, h.Name)
		}
		modes[filepath.Clean(h.Name)] = h.FileInfo().Mode().Perm()
	}
}

// TestCopyGo copies the module of a Go toolchain: all but what no command reads, with the
// modes and names of the distribution.
func TestCopyGo(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	want := map[string]os.FileMode{
		"bin/go": 0o755, "pkg/tool/linux_amd64/compile": 0o755, "src/make.bash": 0o755, "lib/wasm/go_js_wasm_exec": 0o755,
		"lib/wasm/wasm_exec.js": 0o644, "lib/fips140/v1.0.0.zip": 0o644, "src/go.mod": 0o644, "src/cmd/go.mod": 0o644,
		"src/cmd/covdata/covdata.go": 0o644, "src/fmt/fmt_test.go": 0o644, "src/fmt/testdata/a": 0o644, "src/cmd/doc/main.go": 0o644,
	}
	for name := range want {
		dir, base := filepath.Split(name)
		if base == "go.mod" {
			base = "_go.mod"
		}
		writeFile(t, filepath.Join(from, dir, base))
	}
	for _, left := range []string{"api/go1.txt", "doc/go_mem.html", "misc/wasm/wasm_exec.html", "test/a.go"} {
		writeFile(t, filepath.Join(from, left))
	}
	if err := copyGo(from, to); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, to+"/")
		if info.Mode() != want[name] {
			t.Errorf("got mode %o of %s, want %o", info.Mode(), name, want[name])
		}
		delete(want, name)
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("got %v, and these were not copied: %v", err, want)
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(path), 0o444); err != nil {
		t.Fatal(err)
	}
}
