//go:build e2e

package e2e

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// relay serves the machine's Docker host at another socket, and counts who connects.
func relay(t *testing.T) (socket string, connections *atomic.Int64) {
	t.Helper()
	socket, connections = filepath.Join(t.TempDir(), "elsewhere.sock"), new(atomic.Int64)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer client.Close()
				dockerd, err := net.Dial("unix", "/var/run/docker.sock")
				if err != nil {
					return
				}
				defer dockerd.Close()
				go func() {
					_, _ = io.Copy(dockerd, client)
					_ = dockerd.(*net.UnixConn).CloseWrite() // ends an attached standard input, but not the output
				}()
				_, _ = io.Copy(client, dockerd)
			}()
		}
	}()
	return socket, connections
}

// withoutSocket runs the launcher in a mount namespace without the default socket.
func (p *project) withoutSocket(env []string, args ...string) result {
	p.t.Helper()
	inner := p.command(p.t.Context(), env, args...)
	cmd := exec.CommandContext(p.t.Context(), "unshare", append([]string{"--mount", "--", "bash", "-euc",
		`mount --bind /dev/null "$(realpath /var/run/docker.sock)" && exec "$@"`, "-"}, inner.Args...)...)
	cmd.Dir, cmd.Env = inner.Dir, inner.Env
	out, err := cmd.CombinedOutput()
	r := result{out: string(out), code: cmd.ProcessState.ExitCode()}
	if err != nil && r.code == 0 {
		r.code = -1
	}
	return r
}

// TestContext runs where the Docker CLI's current context names the Docker host, and nothing
// answers at the default socket: the launcher, doctor and the Pulumi provider use the context.
// Then the Docker host is behind SSH.
func TestContext(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	socket, connections := relay(t)
	config := t.TempDir()
	for _, args := range [][]string{
		{"context", "create", "elsewhere", "--docker", "host=unix://" + socket},
		{"context", "use", "elsewhere"},
	} {
		cmd := exec.CommandContext(t.Context(), "docker", args...)
		cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+config, "DOCKER_HOST=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	env := []string{"DOCKER_CONFIG=" + config, "DOCKER_HOST=", "DOCKER_CONTEXT="}

	// Not `up`, which would try to start this machine's Docker.
	p.withoutSocket(append(env, "DOCKER_CONTEXT=default"), "doctor").must(t, 1, "unix:///var/run/docker.sock", "next:")
	p.withoutSocket(append(env, "DOCKER_CONTEXT=gone"), p.upArgs()...).must(t, 1, `the Docker context "gone"`, "docker context ls")
	if left := p.labelled(); left.count() > 0 {
		t.Fatalf("got %+v without a Docker host, want nothing", left)
	}
	p.withoutSocket(env, p.upArgs()...).must(t, 0, "is up")
	p.withoutSocket(env, "doctor").must(t, 0, socket)
	p.withoutSocket(env, p.upArgs()...).must(t, 0, "nothing to change")
	// The same Docker host at another address: nothing is created again.
	p.run(context.Background(), p.upArgs()...).must(t, 0, "nothing to change")
	p.withoutSocket(env, "backup", filepath.Join(t.TempDir(), "backup")).must(t, 0)
	if connections.Load() == 0 {
		t.Error("nothing went through the context's socket")
	}

	host, ssh, commands := sshHost(t)
	ssh = append(ssh, "DOCKER_HOST="+host)
	p.withoutSocket(ssh, p.upArgs()...).must(t, 0, "nothing to change")
	p.withoutSocket(ssh, "doctor").must(t, 0, host)
	removeContainer(t, p, "runner-0-container")
	before := commands.Load()
	p.withoutSocket(ssh, "up", "--refresh").must(t, 0, "is up")
	if commands.Load() == before {
		t.Error("nothing went through SSH")
	}
}
