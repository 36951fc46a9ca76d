package provider

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// treeWriter stores a directory's files as Git objects.
type treeWriter struct {
	repo    *git.Repository
	ignored gitignore.Matcher
}

// write stores the directory dir, whose place below the root is path. An empty
// directory has the zero hash: Git keeps none.
func (t treeWriter) write(dir string, path []string) (plumbing.Hash, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	var tree object.Tree
	for _, e := range entries {
		here := append(slices.Clone(path), e.Name())
		if e.Name() == ".git" || t.ignored.Match(here, e.IsDir()) {
			continue
		}
		mode, hash, err := t.entry(filepath.Join(dir, e.Name()), here, e)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if !hash.IsZero() {
			tree.Entries = append(tree.Entries, object.TreeEntry{Name: e.Name(), Mode: mode, Hash: hash})
		}
	}
	if len(tree.Entries) == 0 && len(path) > 0 {
		return plumbing.ZeroHash, nil
	}
	slices.SortFunc(tree.Entries, func(a, b object.TreeEntry) int {
		return compareNames(a, b)
	})
	return store(t.repo, &tree)
}

func compareNames(a, b object.TreeEntry) int {
	entries := object.TreeEntrySorter{a, b}
	switch {
	case entries.Less(0, 1):
		return -1
	case entries.Less(1, 0):
		return 1
	}
	return 0
}

func (t treeWriter) entry(path string, here []string, e fs.DirEntry) (filemode.FileMode, plumbing.Hash, error) {
	switch {
	case e.IsDir():
		hash, err := t.write(path, here)
		return filemode.Dir, hash, err
	case e.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return 0, plumbing.ZeroHash, err
		}
		hash, err := t.blob([]byte(target))
		return filemode.Symlink, hash, err
	case e.Type().IsRegular():
		info, err := e.Info()
		if err != nil {
			return 0, plumbing.ZeroHash, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return 0, plumbing.ZeroHash, err
		}
		mode := filemode.Regular
		if info.Mode()&0o111 != 0 {
			mode = filemode.Executable
		}
		hash, err := t.blob(data)
		return mode, hash, err
	}
	return 0, plumbing.ZeroHash, nil // sockets, pipes and devices
}

func (t treeWriter) blob(data []byte) (plumbing.Hash, error) {
	obj := t.repo.Storer.NewEncodedObject()
	obj.SetType(plumbing.BlobObject)
	w, err := obj.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := w.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	if err := w.(io.Closer).Close(); err != nil {
		return plumbing.ZeroHash, err
	}
	return t.repo.Storer.SetEncodedObject(obj)
}

func store(repo *git.Repository, o object.Object) (plumbing.Hash, error) {
	obj := repo.Storer.NewEncodedObject()
	if err := o.Encode(obj); err != nil {
		return plumbing.ZeroHash, err
	}
	return repo.Storer.SetEncodedObject(obj)
}
