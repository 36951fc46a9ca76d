//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLostDirectory removes the launcher's directory, or a part of it, while the stack is
// running. Each time `up` must succeed and find everything that was pushed and created.
func TestLostDirectory(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.up().must(t, 0, "can be pulled")
	owner := p.owner()
	owner.api(http.MethodPost, "/user/repos", map[string]any{"name": "extra", "auto_init": true}, nil)
	volumes := p.sortedVolumes()

	t.Run("all of it", func(t *testing.T) {
		p.remove(".pipeline")
		p.run(t.Context(), "status").must(t, 0, "not in this checkout any more", "pipeline up --stack "+p.stack)
		p.run(t.Context(), "doctor").must(t, 0, "not in this checkout any more")
		for _, args := range [][]string{{"backup", filepath.Join(t.TempDir(), "b")}, {"rotate", "--all"}, {"trace"}} {
			p.run(t.Context(), args...).must(t, 1, "next:", "pipeline up --stack "+p.stack)
		}
		p.run(t.Context(), p.upArgs()...).must(t, 0, "does not know these objects", "is up")
		p.hasData(owner, volumes)
		p.pushesGreen()
		p.up().must(t, 0, "nothing to change")
	})

	t.Run("all of it, and down", func(t *testing.T) {
		p.remove(".pipeline")
		p.run(t.Context(), "down").must(t, 0, "is down", volumes[0])
		if left := p.labelled(); len(left.containers) > 0 || !slices.Equal(p.sortedVolumes(), volumes) {
			t.Fatalf("got %+v left, want the volumes alone", left)
		}
		p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
		p.hasData(owner, volumes)
	})

	t.Run("the state", func(t *testing.T) {
		p.remove(".pipeline/state")
		p.run(t.Context(), p.upArgs()...).must(t, 0, "does not know these objects", "is up")
		p.hasData(owner, volumes)
	})

	t.Run("the workspace", func(t *testing.T) {
		p.remove(".pipeline/stacks")
		p.up().must(t, 0, "nothing to change")
	})

	t.Run("the passphrase", func(t *testing.T) {
		p.remove(".pipeline/passphrase")
		before := p.labelled()
		p.run(t.Context(), p.upArgs()...).must(t, 1, "is missing", "--take-over")
		p.run(t.Context(), "status").must(t, 0, "is missing", "--take-over")
		if got := p.labelled(); !slices.Equal(got.containers, before.containers) {
			t.Fatalf("got %+v after the refusal, want %+v untouched", got, before)
		}
		p.run(t.Context(), append(p.upArgs(), "--take-over")...).must(t, 0, "set-aside", "is up")
		p.hasData(owner, volumes)
	})

	t.Run("a second clone", func(t *testing.T) {
		clone := newProject(t, nil)
		clone.stack, clone.http, clone.ssh = p.stack, p.http, p.ssh
		before := p.labelled()
		for _, args := range [][]string{clone.upArgs(), {"down"}, {"down", "--purge", "--yes"}} {
			clone.run(t.Context(), args...).must(t, 1, "stack of another checkout", p.dir, "--take-over")
		}
		p.sameAs(before)
		if _, err := os.Stat(filepath.Join(clone.dir, "Pulumi."+p.stack+".yaml")); err == nil {
			t.Error("a refused up has written its configuration")
		}
		clone.run(t.Context(), append(clone.upArgs(), "--take-over")...).must(t, 0, "is up")
		clone.hasData(owner, volumes)
		clone.pushesGreen()
	})
}

func (p *project) remove(name string) {
	p.t.Helper()
	if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
		p.t.Fatal(err)
	}
}

// hasData checks that nothing was lost: the volumes, and both repositories, which the owner
// reads with a new password.
func (p *project) hasData(before account, volumes []string) {
	p.t.Helper()
	if got := p.sortedVolumes(); !slices.Equal(got, volumes) {
		p.t.Errorf("got volumes %v, want %v", got, volumes)
	}
	owner := p.owner()
	if owner.password == before.password {
		p.t.Error("the owner's password is the lost one")
	}
	var repositories []struct{ Name string }
	owner.api(http.MethodGet, "/user/repos", nil, &repositories)
	if len(repositories) != 2 {
		p.t.Errorf("got repositories %v, want both", repositories)
	}
}

// pushesGreen pushes as the owner with the new password, and waits for a green run.
func (p *project) pushesGreen() {
	p.t.Helper()
	git(p.t, p.dir, "commit", "--quiet", "--allow-empty", "--message=After the loss")
	commit := strings.TrimSpace(git(p.t, p.dir, "rev-parse", "HEAD"))
	git(p.t, p.dir, "push", "--quiet", "--force", p.owner().clone("gitops-pipeline"), "HEAD:main")
	if got := p.awaitRun(commit); got != "success" {
		p.t.Errorf("got run %s, want success", got)
	}
}

func (p *project) sortedVolumes() []string {
	return slices.Sorted(slices.Values(p.labelled().volumes))
}
