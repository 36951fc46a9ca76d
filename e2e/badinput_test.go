//go:build e2e

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBadInput runs the launcher with wrong input. It must be refused before anything is
// created, with a message that names the cause and what to do.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	for _, tt := range []struct {
		name string
		env  []string
		args []string
		code int
		want []string
	}{
		{"Docker host not running", []string{"DOCKER_HOST=unix:///nonexistent/docker.sock"}, []string{"up"}, 1, []string{"/nonexistent/docker.sock"}},
		{"unknown key", nil, []string{"up", "-c", "htpPort=1"}, 2, []string{"htpPort", "httpPort"}},
		{"wrong type", nil, []string{"up", "-c", "httpPort=three"}, 2, []string{"httpPort", "three"}},
		{"port out of range", nil, []string{"up", "-c", "httpPort=70000"}, 2, []string{"httpPort", "65535"}},
		{"one port for both", nil, []string{"up", "-c", "httpPort=4000", "-c", "sshPort=4000"}, 2, []string{"sshPort", "4000"}},
		{"owner Gitea refuses", nil, []string{"up", "-c", "repository.owner=admin"}, 2, []string{"repository.owner", "reserved"}},
		{"label of no image", nil, []string{"up", "-c", "runner.labels.node=Node:22"}, 2, []string{"runner.labels", "Node:22", "node:22-bookworm"}},
		{"disk nearly full", []string{"GITOPS_PIPELINE_MIN_DISK=1000000GiB"}, []string{"up"}, 1, []string{"disk"}},
		{"unknown flag", nil, []string{"up", "--nope"}, 2, []string{"--nope"}},
		{"unknown command", nil, []string{"uq"}, 2, []string{"uq"}},
		{"down with no stack", nil, []string{"down"}, 0, []string{p.stack}},
		{"purge without an answer", nil, []string{"down", "--purge"}, 2, []string{"--yes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.runEnv(t.Context(), tt.env, tt.args...).must(t, tt.code, tt.want...)
			if left := p.labelled(); left.count() > 0 {
				t.Errorf("got %+v created, want nothing", left)
			}
		})
	}
	t.Run("port taken", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		p.run(t.Context(), "up", "-c", "httpPort="+port, "-c", "sshPort="+strconv.Itoa(p.ssh)).must(t, 1, port, "taken")
	})
}

// TestInterrupted interrupts an up in the middle. A second up at the same time is refused,
// and the next one continues. It has a shallow clone, whose seed is one commit of the files.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	p := newProject(t, shallowClone)
	args := append([]string{"up"}, p.settings()...)
	first := p.command(t.Context(), nil, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	// In the middle: when its first objects exist.
	for deadline := time.Now().Add(patience); p.labelled().count() < 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("up created nothing in %s", patience)
		}
	}
	p.run(t.Context(), args...).must(t, 1, strconv.Itoa(first.Process.Pid))
	if err := first.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err == nil {
		t.Error("got exit code 0 from an interrupted up")
	}
	p.run(t.Context(), args...).must(t, 0, "can be pulled", "is up")
	p.checkSeed()
}

// shallowClone turns the directory into a shallow clone of a repository with two commits.
func shallowClone(t *testing.T, dir string) {
	t.Helper()
	gitCheckout(t, dir)
	git(t, dir, "commit", "--quiet", "--allow-empty", "--message=Second")
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, dir, "clone", "--quiet", "--depth=1", "file://"+dir, clone)
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(clone, ".git"), filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
}

// checkSeed checks that what was seeded from a directory that is no whole Git checkout is one
// commit of its files.
func (p *project) checkSeed() {
	p.t.Helper()
	clone := filepath.Join(p.t.TempDir(), "clone")
	git(p.t, p.dir, "clone", "--quiet", p.status().URLs["cloneUrl"], clone)
	if got := strings.TrimSpace(git(p.t, clone, "rev-list", "--count", "HEAD")); got != "1" {
		p.t.Errorf("got %s commits, want 1", got)
	}
	if _, err := os.Stat(filepath.Join(clone, ".pipeline")); err == nil {
		p.t.Error("the seed holds .pipeline, with its passphrase")
	}
	if out, err := exec.Command("diff", "-r", "--exclude=.git", "--exclude=.pipeline",
		"--exclude=Pulumi.*.yaml", p.dir, clone).CombinedOutput(); err != nil {
		p.t.Errorf("the seed differs from the directory:\n%s", out)
	}
}
