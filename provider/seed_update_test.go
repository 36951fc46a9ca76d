//go:build integration

package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// followed is a seed with update, as Pulumi's engine takes it from one
// deployment to the next.
type followed struct {
	t       *testing.T
	s       integration.Server
	program property.Map // what the program says
	inputs  property.Map // the checked inputs of the last deployment
	made    p.CreateResponse
}

// deploy is one deployment: check, diff and, where that finds changes, update.
func (f *followed) deploy() (changed bool) {
	f.t.Helper()
	checked, err := f.s.Check(p.CheckRequest{Urn: urn("RepositorySeed"), State: f.inputs, Inputs: f.program})
	if err != nil || len(checked.Failures) > 0 {
		f.t.Fatalf("checking: %v %v", err, checked.Failures)
	}
	diff, err := f.s.Diff(p.DiffRequest{
		ID: f.made.ID, Urn: urn("RepositorySeed"), State: f.made.Properties, OldInputs: f.inputs, Inputs: checked.Inputs,
	})
	if err != nil || replaces(diff) {
		f.t.Fatalf("comparing: %v, %v; want an update in place at most", err, diff.DetailedDiff)
	}
	if !diff.HasChanges {
		return false
	}
	update := p.UpdateRequest{
		ID: f.made.ID, Urn: urn("RepositorySeed"), State: f.made.Properties, OldInputs: f.inputs, Inputs: checked.Inputs, DryRun: true,
	}
	if _, err := f.s.Update(update); err != nil {
		f.t.Fatalf("previewing: %v", err)
	}
	update.DryRun = false
	updated, err := f.s.Update(update)
	if err != nil {
		f.t.Fatalf("updating: %v", err)
	}
	f.inputs, f.made.Properties = checked.Inputs, updated.Properties
	return true
}

func (f *followed) refresh() {
	f.t.Helper()
	read, err := f.s.Read(p.ReadRequest{ID: f.made.ID, Urn: urn("RepositorySeed"), Properties: f.made.Properties, Inputs: f.inputs})
	if err != nil || read.ID != f.made.ID {
		f.t.Fatalf("refreshing: %q, %v", read.ID, err)
	}
	f.inputs, f.made.Properties = read.Inputs, read.Properties
}

func TestSeedFollowsItsDirectory(t *testing.T) {
	s := server(t, forge.URL)
	repo := create(t, s, "Repository", props("owner", forge.Username, "name", "followed"))
	t.Cleanup(func() { remove(t, s, "Repository", repo) })
	source := plainDirectory(t)
	program := props("owner", forge.Username, "repository", "followed", "source", source,
		"plain", true, "update", true, "tags", []string{"v4"})
	checked, err := s.Check(p.CheckRequest{Urn: urn("RepositorySeed"), Inputs: program})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatalf("checking: %v %v", err, checked.Failures)
	}
	f := &followed{t: t, s: s, program: program, inputs: checked.Inputs, made: create(t, s, "RepositorySeed", program)}

	clone := filepath.Join(t.TempDir(), "clone")
	address := strings.Replace(repo.Properties.Get("cloneUrl").AsString(), "://", "://"+forge.Username+":"+forge.Password+"@", 1)
	git(t, source, "clone", "--quiet", address, clone)
	// state fetches, and tells the file's content, the number of commits, and
	// whether the tag is on the branch.
	want := func(when, content, commits string) {
		t.Helper()
		git(t, clone, "fetch", "--quiet", "--force", "--tags", "origin", "main")
		if got := git(t, clone, "show", "FETCH_HEAD:a.txt"); got != content {
			t.Errorf("%s: got %q, want %q", when, got, content)
		}
		if got := git(t, clone, "rev-list", "--count", "FETCH_HEAD"); got != commits {
			t.Errorf("%s: got %s commits, want %s", when, got, commits)
		}
		if head, tag := git(t, clone, "rev-parse", "FETCH_HEAD"), git(t, clone, "rev-parse", "v4"); head != tag {
			t.Errorf("%s: got the tag on %s, want %s", when, tag, head)
		}
	}
	want("at first", "a", "1")
	if f.deploy() {
		t.Error("an unchanged directory was pushed again")
	}

	write(t, filepath.Join(source, "a.txt"), "changed\n", 0o644)
	if !f.deploy() {
		t.Error("a changed file was not seen")
	}
	want("after a change", "changed", "2")
	if f.deploy() {
		t.Error("the changed directory was pushed twice")
	}

	// What somebody else pushed stays in the history, and the project's content
	// comes on top: with a refresh at once, without one at the next change.
	byHand := func() {
		t.Helper()
		git(t, clone, "checkout", "--quiet", "--detach", "FETCH_HEAD")
		write(t, filepath.Join(clone, "a.txt"), "by hand\n", 0o644)
		git(t, clone, "commit", "--quiet", "--all", "--message=By hand")
		git(t, clone, "push", "--quiet", "origin", "HEAD:main")
	}
	byHand()
	f.refresh()
	if !f.deploy() {
		t.Error("a refresh did not see what was pushed by hand")
	}
	want("after a refresh", "changed", "4")
	byHand()
	write(t, filepath.Join(source, "a.txt"), "changed again\n", 0o644)
	f.deploy()
	want("after a push by hand", "changed again", "6")
	if got := git(t, clone, "log", "--format=%s", "FETCH_HEAD"); strings.Count(got, "By hand") != 2 {
		t.Errorf("got the history\n%s\nwant both commits of another hand in it", got)
	}

	// A tag that was moved by hand comes back, without a commit.
	git(t, clone, "push", "--quiet", "--force", "origin", "FETCH_HEAD~1:refs/tags/v4")
	f.refresh()
	f.deploy()
	want("after the tag was moved", "changed again", "6")

	// A new stack finds the repository of the old one, and continues it.
	write(t, filepath.Join(source, "a.txt"), "new stack\n", 0o644)
	create(t, s, "RepositorySeed", program)
	want("with a new stack", "new stack", "7")
	git(t, clone, "fsck", "--strict")
}

// TestSeedWithoutUpdateIsLeftAlone holds that the user's repository is never
// touched again, whatever happens to the directory that it came from.
func TestSeedWithoutUpdateIsLeftAlone(t *testing.T) {
	s := server(t, forge.URL)
	repo := create(t, s, "Repository", props("owner", forge.Username, "name", "left-alone"))
	t.Cleanup(func() { remove(t, s, "Repository", repo) })
	source := plainDirectory(t)
	program := props("owner", forge.Username, "repository", "left-alone", "source", source, "plain", true)
	checked, err := s.Check(p.CheckRequest{Urn: urn("RepositorySeed"), Inputs: program})
	if err != nil {
		t.Fatal(err)
	}
	f := &followed{t: t, s: s, program: program, inputs: checked.Inputs, made: create(t, s, "RepositorySeed", program)}
	first := f.made.Properties.Get("commit").AsString()
	write(t, filepath.Join(source, "a.txt"), "changed\n", 0o644)
	f.refresh()
	if f.deploy() {
		t.Error("a change of the directory is a change of the seed")
	}
	f.program = program.Set("message", property.New("Another")).Set("tags", value([]string{"v4"}))
	f.deploy()
	got := git(t, source, "ls-remote", repo.Properties.Get("cloneUrl").AsString())
	if !strings.Contains(got, first+"\trefs/heads/main") || strings.Contains(got, "refs/tags") {
		t.Errorf("got\n%s\nwant nothing but main at %s", got, first)
	}
	// A repository that is gone takes its seed along, so that both come back.
	remove(t, s, "Repository", repo)
	read, err := s.Read(p.ReadRequest{ID: f.made.ID, Urn: urn("RepositorySeed"), Properties: f.made.Properties, Inputs: f.inputs})
	if err != nil || read.ID != "" {
		t.Errorf("got %q, %v from a refresh without the repository, want nothing", read.ID, err)
	}
	repo = create(t, s, "Repository", props("owner", forge.Username, "name", "left-alone"))
}

// TestSeedOnlyOwn holds that with onlyOwn a repository stays as it is once it has content of
// others: a commit on the branch, or another branch alone, as a mirror may have it.
func TestSeedOnlyOwn(t *testing.T) {
	s := server(t, forge.URL)
	source := plainDirectory(t)
	for _, branch := range []string{"main", "master"} {
		name := "others-" + branch
		repo := create(t, s, "Repository", props("owner", forge.Username, "name", name))
		t.Cleanup(func() { remove(t, s, "Repository", repo) })
		address := strings.Replace(repo.Properties.Get("cloneUrl").AsString(), "://", "://"+forge.Username+":"+forge.Password+"@", 1)
		program := props("owner", forge.Username, "repository", name, "source", source,
			"plain", true, "update", true, "onlyOwn", true, "tags", []string{"v4"})
		checked, err := s.Check(p.CheckRequest{Urn: urn("RepositorySeed"), Inputs: program})
		if err != nil || len(checked.Failures) > 0 {
			t.Fatalf("checking: %v %v", err, checked.Failures)
		}
		f := &followed{t: t, s: s, program: program, inputs: checked.Inputs}
		theirs := filepath.Join(t.TempDir(), "theirs")
		git(t, source, "clone", "--quiet", address, theirs)
		if branch == "main" {
			// It is the seed's own at first, and follows.
			f.made = create(t, s, "RepositorySeed", program)
			write(t, filepath.Join(source, "a.txt"), "changed\n", 0o644)
			if !f.deploy() {
				t.Error("a changed file was not seen")
			}
			git(t, theirs, "pull", "--quiet", "origin", "main")
		}
		write(t, filepath.Join(theirs, "theirs.txt"), "by hand\n", 0o644)
		git(t, theirs, "add", "theirs.txt")
		git(t, theirs, "commit", "--quiet", "--message=By hand")
		git(t, theirs, "push", "--quiet", "origin", "HEAD:refs/heads/"+branch)
		before := git(t, source, "ls-remote", address)
		if branch == "master" {
			f.made = create(t, s, "RepositorySeed", program)
		}
		f.refresh()
		f.deploy()
		write(t, filepath.Join(source, "a.txt"), "changed again, "+branch+"\n", 0o644)
		f.deploy()
		create(t, s, "RepositorySeed", program) // a new stack
		if after := git(t, source, "ls-remote", address); after != before {
			t.Errorf("%s: got\n%s\nwant it as it was:\n%s", branch, after, before)
		}
	}
	checked, err := s.Check(p.CheckRequest{Urn: urn("RepositorySeed"), Inputs: props("owner", forge.Username, "repository", "x", "source", source, "plain", true, "onlyOwn", true)})
	if err != nil || len(checked.Failures) != 1 || !strings.Contains(checked.Failures[0].Reason, "needs update") {
		t.Errorf("got %v, %v for onlyOwn without update, want a failure that says so", checked.Failures, err)
	}
}
