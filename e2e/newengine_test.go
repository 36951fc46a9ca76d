//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/apt"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// TestNewestEngine uses the newest Docker engine that exists as a Go module, with its
// docker-proxy and the newest runc, and the machine's containerd.
func TestNewestEngine(t *testing.T) {
	onlyLong(t)
	if !inside(t) {
		return
	}
	programs := t.TempDir()
	buildNewest(t, programs)
	wholeLife(t, func(d *daemon) { d.programs = programs })
}

// TestDebian13Engine uses Debian 13's Docker engine as a Docker host. It is in the job
// engine's image.
func TestDebian13Engine(t *testing.T) {
	onlyLong(t)
	if !inside(t) {
		return
	}
	resolved, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	export := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", `
		id=$(docker create "$0")
		docker export "$id" | tar --extract --directory "$1" --exclude 'usr/local/share/engine*'
		docker rm "$id"`, resolved.JobEngine, root)
	if out, err := export.CombinedOutput(); err != nil {
		t.Fatalf("laying out Debian 13's Docker engine: %v\n%s", err, out)
	}
	wholeLife(t, func(d *daemon) { d.root = root })
}

// onlyLong skips a test that takes long, unless LONG is set.
func onlyLong(t *testing.T) {
	t.Helper()
	if os.Getenv("LONG") == "" {
		t.Skip("only in the long form: make test-long")
	}
}

// buildNewest builds the newest Docker engine into a directory.
func buildNewest(t *testing.T, programs string) {
	t.Helper()
	if _, err := os.Stat("/usr/include/seccomp.h"); err != nil {
		run := func(ctx context.Context, env []string, name string, args ...string) error {
			return dockerhost.Machine{}.Run(ctx, t.Output(), env, name, args...)
		}
		if err := apt.Install(t.Context(), t.Output(), run, "libseccomp-dev", "pkg-config"); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"-o", programs + string(filepath.Separator), "github.com/moby/moby/v2/cmd/dockerd", "github.com/moby/moby/v2/cmd/docker-proxy"},
		{"-o", filepath.Join(programs, "runc"), "-tags", "seccomp", "github.com/opencontainers/runc"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"build", "-trimpath"}, args...)...)
		cmd.Dir = filepath.Join("..", "tools", "newest-engine")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building the newest Docker engine: %v\n%s", err, out)
		}
	}
}

// wholeLife creates a stack on a daemon that prepare chooses, and does with it
// what a user does: up, a refresh, doctor, a backup and a purge.
func wholeLife(t *testing.T, prepare func(d *daemon)) {
	t.Helper()
	d := newDaemon(t, "16G", prepare)
	out, err := exec.CommandContext(t.Context(), "docker", "version", "--format", "{{.Server.Version}}, API {{.Server.APIVersion}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the Docker host at %s is %s", d.socket, strings.TrimSpace(string(out)))
	p := newProject(t, nil)
	p.up().must(t, 0, "can be pulled", "is up")
	p.up().must(t, 0, "nothing to change")
	removeContainer(t, p, "runner-0-container")
	p.up("--refresh").must(t, 0, "is up")
	p.run(t.Context(), "doctor").must(t, 0, "registry access")
	p.run(t.Context(), "backup", filepath.Join(t.TempDir(), "backup")).must(t, 0)
	p.run(t.Context(), "down", "--purge", "--yes").must(t, 0)
	if left := p.labelled(); left.count() > 0 {
		t.Errorf("got %+v after the purge, want nothing", left)
	}
}
