//go:build integration

package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// git runs git in dir and returns what it printed.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=T", "-c", "user.email=t@example.org"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// plainDirectory has a file of each kind that matters to Git.
func plainDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.txt"), "a\n", 0o644)
	write(t, filepath.Join(dir, "a", "run.sh"), "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(dir, ".gitignore"), "/secret/\n", 0o644)
	write(t, filepath.Join(dir, "secret", "key"), "no\n", 0o600)
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSeed(t *testing.T) {
	s := server(t, forge.URL)
	history := t.TempDir()
	git(t, history, "init", "--quiet", "--initial-branch=trunk")
	write(t, filepath.Join(history, "one"), "1\n", 0o644)
	git(t, history, "add", "--all")
	git(t, history, "commit", "--quiet", "--message=One")
	git(t, history, "commit", "--quiet", "--allow-empty", "--message=Two")
	worktree := filepath.Join(t.TempDir(), "worktree")
	git(t, history, "worktree", "add", "--quiet", "--detach", worktree)
	shallow := filepath.Join(t.TempDir(), "shallow")
	git(t, history, "clone", "--quiet", "--depth=1", "file://"+history, shallow)
	unborn := plainDirectory(t)
	git(t, unborn, "init", "--quiet")

	plain := plainDirectory(t)
	for _, tt := range []struct {
		name, source string
		commits      string
		head         string // expected commit, if it exists already
	}{
		{"checkout", history, "2", git(t, history, "rev-parse", "HEAD")},
		{"worktree", worktree, "2", git(t, history, "rev-parse", "HEAD")},
		{"shallow", shallow, "1", ""},
		{"unborn", unborn, "1", ""},
		{"plain", plain, "1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			repo := create(t, s, "Repository", props("owner", forge.Username, "name", "seed-"+tt.name))
			t.Cleanup(func() { remove(t, s, "Repository", repo) })
			inputs := props("owner", forge.Username, "repository", "seed-"+tt.name, "source", tt.source)
			made := create(t, s, "RepositorySeed", inputs)
			if pushed := made.Properties.Get("pushed"); !pushed.AsBool() {
				t.Error("nothing was pushed")
			}
			commit := made.Properties.Get("commit").AsString()
			clone := filepath.Join(t.TempDir(), "clone")
			git(t, tt.source, "clone", "--quiet", repo.Properties.Get("cloneUrl").AsString(), clone)
			if got := git(t, clone, "rev-parse", "HEAD"); got != commit || tt.head != "" && got != tt.head {
				t.Errorf("got commit %s, want %s %s", got, commit, tt.head)
			}
			if got := git(t, clone, "rev-list", "--count", "HEAD"); got != tt.commits {
				t.Errorf("got %s commits, want %s", got, tt.commits)
			}

			// Tags that are missing follow; the branch is never pushed again.
			again := create(t, s, "RepositorySeed", inputs.Set("tags", value([]string{"v1"})))
			if tagged := git(t, clone, "ls-remote", "origin", "refs/tags/v1"); !strings.HasPrefix(tagged, commit) {
				t.Errorf("got tag %q, want it on %s", tagged, commit)
			}
			third := create(t, s, "RepositorySeed", inputs.Set("tags", value([]string{"v1"})))
			if third.Properties.Get("pushed").AsBool() || again.Properties.Get("commit").AsString() != commit {
				t.Error("a seed was sown again")
			}
		})
	}
}

func TestPlainSeed(t *testing.T) {
	s := server(t, forge.URL)
	var commits []string
	for _, name := range []string{"plain-one", "plain-two"} {
		repo := create(t, s, "Repository", props("owner", forge.Username, "name", name))
		t.Cleanup(func() { remove(t, s, "Repository", repo) })
		made := create(t, s, "RepositorySeed", props("owner", forge.Username, "repository", name, "source", plainDirectory(t)))
		commits = append(commits, made.Properties.Get("commit").AsString())
		clone := filepath.Join(t.TempDir(), "clone")
		git(t, t.TempDir(), "clone", "--quiet", repo.Properties.Get("cloneUrl").AsString(), clone)
		want := "100644 .gitignore\n100644 a.txt\n100755 a/run.sh\n120000 link"
		if got := git(t, clone, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		git(t, clone, "fsck", "--strict")
	}
	if commits[0] != commits[1] {
		t.Errorf("got commits %v of the same files, want one", commits)
	}
}

func TestSeedLeavesOtherContentAlone(t *testing.T) {
	s := server(t, forge.URL)
	repo := create(t, s, "Repository", props("owner", forge.Username, "name", "taken"))
	t.Cleanup(func() { remove(t, s, "Repository", repo) })
	inputs := func(dir string) property.Map {
		return props("owner", forge.Username, "repository", "taken", "source", dir)
	}
	first := create(t, s, "RepositorySeed", inputs(plainDirectory(t)))
	other := plainDirectory(t)
	write(t, filepath.Join(other, "b.txt"), "b\n", 0o644)
	second := create(t, s, "RepositorySeed", inputs(other))
	if second.Properties.Get("pushed").AsBool() || second.Properties.Get("commit").AsString() != first.Properties.Get("commit").AsString() {
		t.Errorf("got %v, want the first content left alone", second.Properties)
	}
}
