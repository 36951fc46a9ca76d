//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/apt"
	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// TestNewestEngine uses the newest Docker engine that exists as a Go module, with its
// docker-proxy and the newest runc, and the machine's containerd.
func TestNewestEngine(t *testing.T) {
	onlyLong(t)
	programs := buildNewest(t) // first outside: inside there is no network
	if !inside(t) {
		return
	}
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
	// A container's own file is not in its image.
	if err := os.WriteFile(filepath.Join(root, "etc", "hosts"), []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wholeLife(t, func(d *daemon) { d.root = root })
}

// buildNewest builds the newest Docker engine, unless it is built, and returns its directory.
func buildNewest(t *testing.T) string {
	t.Helper()
	source := filepath.Join("..", "tools", "newest-engine")
	pins, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	out := artifacts.NewProgress(t.Output())
	dir, err := artifacts.Cached(t.Context(), "newest-engine", fmt.Sprintf("%x", sha256.Sum256(pins))[:16], out, func(dir string) error {
		if _, err := os.Stat("/usr/include/seccomp.h"); err != nil {
			if err := apt.Install(t.Context(), t.Output(), func(ctx context.Context, env []string, name string, args ...string) error {
				return dockerhost.Machine{}.Run(ctx, t.Output(), env, name, args...)
			}, "libseccomp-dev", "pkg-config"); err != nil {
				return err
			}
		}
		for _, args := range [][]string{
			{"-o", dir + string(filepath.Separator), "github.com/moby/moby/v2/cmd/dockerd", "github.com/moby/moby/v2/cmd/docker-proxy"},
			{"-o", filepath.Join(dir, "runc"), "-tags", "seccomp", "github.com/opencontainers/runc"},
		} {
			if err := artifacts.Run(t.Context(), source, nil, "go", append([]string{"build", "-trimpath"}, args...)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("building the newest Docker engine: %v", err)
	}
	return dir
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
