package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// seed is one push into an empty repository.
type seed struct {
	url, branch, source, message string
	plain                        bool
	tags                         []string
	username, password           string
}

// seedTime is the time of a plain seed's commit: fixed, so that the same files
// always make the same commit.
var seedTime = time.Unix(0, 0).UTC()

// sow pushes what is missing: the branch, if the repository has none of that
// name, and tags. It returns the commit that the branch has.
func (s seed) sow(ctx context.Context) (commit string, pushed bool, err error) {
	auth := &http.BasicAuth{Username: s.username, Password: s.password}
	remote := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{s.url}})
	refs, err := remote.ListContext(ctx, &git.ListOptions{Auth: auth})
	if err != nil && !errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return "", false, fmt.Errorf("listing %s: %w", s.url, err)
	}
	has := map[plumbing.ReferenceName]plumbing.Hash{}
	for _, ref := range refs {
		has[ref.Name()] = ref.Hash()
	}
	branch := plumbing.NewBranchReferenceName(s.branch)
	there, found := has[branch]

	repo, head, err := s.content()
	if err != nil {
		return "", false, err
	}
	// Other content is the user's: leave it, tags and all.
	if found && there != head {
		return there.String(), false, nil
	}
	var specs []config.RefSpec
	if !found {
		specs = append(specs, config.RefSpec(head.String()+":"+branch.String()))
	}
	for _, tag := range s.tags {
		if name := plumbing.NewTagReferenceName(tag); has[name].IsZero() {
			specs = append(specs, config.RefSpec(head.String()+":"+name.String()))
		}
	}
	if len(specs) == 0 {
		return head.String(), false, nil
	}
	push := git.NewRemote(repo.Storer, &config.RemoteConfig{Name: "seed", URLs: []string{s.url}})
	if err := push.PushContext(ctx, &git.PushOptions{RemoteName: "seed", RefSpecs: specs, Auth: auth}); err != nil {
		return "", false, fmt.Errorf("pushing to %s: %w", s.url, err)
	}
	return head.String(), true, nil
}

// content opens what is to be pushed: a checkout with its whole history, or
// else one new commit of the plain files, in memory.
func (s seed) content() (*git.Repository, plumbing.Hash, error) {
	if !s.plain {
		repo, err := git.PlainOpenWithOptions(s.source, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
		switch {
		case errors.Is(err, git.ErrRepositoryNotExists):
		case err != nil:
			return nil, plumbing.ZeroHash, fmt.Errorf("opening the Git checkout %s: %w", s.source, err)
		default:
			shallow, err := repo.Storer.Shallow()
			if err != nil {
				return nil, plumbing.ZeroHash, fmt.Errorf("reading %s: %w", s.source, err)
			}
			head, err := repo.Head()
			if err == nil && len(shallow) == 0 {
				return repo, head.Hash(), nil
			}
			if err != nil && !errors.Is(err, plumbing.ErrReferenceNotFound) {
				return nil, plumbing.ZeroHash, fmt.Errorf("reading the current commit of %s: %w", s.source, err)
			}
		}
	}
	repo, err := git.Init(memory.NewStorage(), nil)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	ignored, err := gitignore.ReadPatterns(osfs.New(s.source), nil)
	if err != nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("reading .gitignore below %s: %w", s.source, err)
	}
	t := treeWriter{repo: repo, ignored: gitignore.NewMatcher(ignored)}
	tree, err := t.write(s.source, nil)
	if err != nil {
		return nil, plumbing.ZeroHash, fmt.Errorf("reading the files of %s: %w", s.source, err)
	}
	who := object.Signature{Name: "gitops-pipeline", Email: "gitops-pipeline@localhost", When: seedTime}
	head, err := store(repo, &object.Commit{Author: who, Committer: who, Message: s.message + "\n", TreeHash: tree})
	return repo, head, err
}

// treeWriter stores a folder's files as Git objects.
type treeWriter struct {
	repo    *git.Repository
	ignored gitignore.Matcher
}

// write stores the folder dir, whose place below the root is path. An empty
// folder has the zero hash: Git keeps none.
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
