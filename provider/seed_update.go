package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// maintain makes the branch's content that of the source, and puts the tags on
// it. Other content stays in the history: the new commit is added on top of what is
// there, and only tags are moved. It returns the branch's commit, and whether
// anything was pushed.
func (s seed) maintain(ctx context.Context) (commit string, pushed bool, err error) {
	has, err := s.refs(ctx)
	if err != nil {
		return "", false, err
	}
	branch := plumbing.NewBranchReferenceName(s.branch)
	there := has[branch]
	if others, err := s.ofOthers(ctx, has); err != nil || others {
		return there.String(), false, err
	}
	if there.IsZero() {
		return s.sow(ctx)
	}
	repo, err := inMemory()
	if err != nil {
		return "", false, err
	}
	remote := git.NewRemote(repo.Storer, &config.RemoteConfig{Name: "seed", URLs: []string{s.url}})
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	err = remote.FetchContext(ctx, &git.FetchOptions{
		RemoteName: "seed", Auth: s.auth(), Tags: git.NoTags,
		RefSpecs: []config.RefSpec{config.RefSpec(branch + ":" + branch)},
	})
	if err != nil && !errors.Is(err, git.NoErrAlreadyUpToDate) {
		return "", false, fmt.Errorf("fetching %s: %w", s.url, err)
	}
	head, err := s.commitOnTop(repo, there)
	if err != nil {
		return "", false, err
	}
	var specs []config.RefSpec
	if head != there {
		specs = append(specs, config.RefSpec(head.String()+":"+branch.String()))
	}
	for _, tag := range s.tags {
		if name := plumbing.NewTagReferenceName(tag); has[name] != head {
			specs = append(specs, config.RefSpec("+"+head.String()+":"+name.String()))
		}
	}
	if len(specs) == 0 {
		return head.String(), false, nil
	}
	if err := remote.PushContext(ctx, &git.PushOptions{RemoteName: "seed", RefSpecs: specs, Auth: s.auth(), Atomic: true}); err != nil {
		return "", false, fmt.Errorf("pushing to %s: %w", s.url, err)
	}
	return head.String(), true, nil
}

// ofOthers tells whether the repository, which has these refs, is one that the seed has to leave
// alone.
func (s seed) ofOthers(ctx context.Context, has map[plumbing.ReferenceName]plumbing.Hash) (bool, error) {
	if !s.onlyOwn || len(has) == 0 {
		return false, nil
	}
	if has[plumbing.NewBranchReferenceName(s.branch)].IsZero() {
		return true, nil // such as a mirror whose branch has another name
	}
	email, err := s.author(ctx)
	return email != seedAuthor(seedTime).Email, err
}

// commitOnTop returns the commit there when it has the source's content, else a
// new commit with that content whose parent it is.
func (s seed) commitOnTop(repo *git.Repository, there plumbing.Hash) (plumbing.Hash, error) {
	tree, err := s.tree(repo)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	current, err := object.GetCommit(repo.Storer, there)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("reading the commit %s of %s: %w", there, s.url, err)
	}
	if current.TreeHash == tree {
		return there, nil
	}
	who := seedAuthor(time.Now().UTC())
	return store(repo, &object.Commit{
		Author: who, Committer: who, Message: s.message + "\n", TreeHash: tree, ParentHashes: []plumbing.Hash{there},
	})
}

// contentHash identifies the files of a directory as a plain seed pushes them.
func contentHash(source string) (string, error) {
	repo, err := inMemory()
	if err != nil {
		return "", err
	}
	tree, err := seed{source: source}.tree(repo)
	return tree.String(), err
}

// refs are the branches and tags that the repository has; none when it is empty.
func (s seed) refs(ctx context.Context) (map[plumbing.ReferenceName]plumbing.Hash, error) {
	remote := git.NewRemote(memory.NewStorage(), &config.RemoteConfig{Name: "origin", URLs: []string{s.url}})
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	refs, err := remote.ListContext(ctx, &git.ListOptions{Auth: s.auth()})
	var unexpected *plumbing.UnexpectedError // which does not unwrap
	if errors.As(err, &unexpected) {
		err = unexpected.Err
	}
	if err != nil && !errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, fmt.Errorf("listing %s: %w", s.url, err)
	}
	has := map[plumbing.ReferenceName]plumbing.Hash{}
	for _, ref := range refs {
		has[ref.Name()] = ref.Hash()
	}
	return has, nil
}

// on tells whether the branch and every tag are on the commit.
func (s seed) on(has map[plumbing.ReferenceName]plumbing.Hash, commit string) bool {
	names := []plumbing.ReferenceName{plumbing.NewBranchReferenceName(s.branch)}
	for _, tag := range s.tags {
		names = append(names, plumbing.NewTagReferenceName(tag))
	}
	return !slices.ContainsFunc(names, func(n plumbing.ReferenceName) bool { return has[n].String() != commit })
}

func (s seed) auth() *http.BasicAuth {
	return &http.BasicAuth{Username: s.username, Password: s.password}
}
