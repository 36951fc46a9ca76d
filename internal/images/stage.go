package images

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/go-archive"
)

// stageContext fills the directory of a build: the artifact's own files, its
// programs, and what its recipe adds.
func (b *builder) stageContext(ctx context.Context, r recipe, dir string) error {
	for _, f := range sources(r.artifact) {
		mode := os.FileMode(0o644)
		if filepath.Ext(f) == ".sh" {
			mode = 0o755
		}
		if err := copyFile(filepath.Join(b.root, "images", f), filepath.Join(dir, filepath.Base(f)), mode); err != nil {
			return err
		}
	}
	for _, p := range programs[r.artifact] {
		program, err := p.Build(ctx, b.root, b.out)
		if err != nil {
			return err
		}
		if err := copyFile(program, filepath.Join(dir, p.Name()), 0o755); err != nil {
			return err
		}
	}
	if r.stage == nil {
		return nil
	}
	return r.stage(dir)
}

// contextTar is a directory as a build's context or an image's files: owned by
// root, and with the modes that an image needs, whatever this process's umask is.
func contextTar(dir string, include ...string) (io.ReadCloser, error) {
	if err := readable(dir); err != nil {
		return nil, err
	}
	return archive.TarWithOptions(dir, &archive.TarOptions{ChownOpts: &archive.ChownOpts{}, IncludeFiles: include})
}

// readable gives everyone read access to a tree, and execute access to its
// directories and programs: files in an image are read by users that do not own
// them, and the umask of whoever builds it may have taken that access.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		switch info, err := d.Info(); {
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0:
			return nil
		case d.IsDir() || info.Mode()&0o100 != 0:
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
}

// copyFile copies a file; its mode is exactly the given one.
func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// copyTree copies the files of a module's directory, all with one mode: the
// module cache keeps none.
func copyTree(from, to string, mode os.FileMode) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, rel), mode)
	})
}

// goLeftOut is what of the Go distribution no command of Go reads.
var goLeftOut = []string{"api", "doc", "misc", "test"}

// copyGo copies the module of a Go toolchain as a Go distribution: with the modes of its
// programs, and with the go.mod files that the module keeps under another name.
func copyGo(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if slices.Contains(goLeftOut, rel) {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		mode := os.FileMode(0o644)
		if goProgram(rel) {
			mode = 0o755
		}
		if d.Name() == "_go.mod" {
			rel = filepath.Join(filepath.Dir(rel), "go.mod")
		}
		return copyFile(path, filepath.Join(to, rel), mode)
	})
}

// goProgram tells whether a file of a Go distribution is a program or a script to run.
func goProgram(rel string) bool {
	return strings.HasPrefix(rel, "bin/") || strings.HasPrefix(rel, "pkg/tool/") ||
		strings.HasSuffix(rel, ".bash") || strings.HasPrefix(rel, "lib/wasm/") && strings.HasSuffix(rel, "_exec")
}
