//go:build linux

// Package inner is the inner half of a job engine: a Docker engine in its own namespaces,
// whose root is an unprivileged user on the host. Start runs in the outer half, and Main
// runs in the new namespaces.
package inner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/mounts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// Command is the command that runs Main.
const Command = "inner"

// The inner half's data and its socket's directory, which the outer half mounts, and the
// name of the socket.
const (
	dataRoot    = "/var/lib/docker"
	socketMount = "/mnt"
	socketDir   = "/run/engine/docker"
	socketName  = "docker.sock"
)

// workspace is the directory of the jobs' working directories, on the disk with the data:
// package engineproxy has a job see them under the same path, and a container that the job
// starts can mount them.
const workspace = "/workspace"

// wired is the file descriptor of a pipe, on which the outer half reports that the network
// is set up.
const wired = 3

// hidden are directories of the outer half that jobs cannot see.
var hidden = []string{"/engine", "/usr/local/share/engine"}

// Main is the first process in the inner half's namespaces. It sets up the file system and
// then becomes the Docker engine (exec). Its arguments are the outer half's address, the
// forge's address and the forge's name.
func Main(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("got %d arguments, want the outer half's address and the forge's address and name", len(args))
	}
	outside, forge := args[0], network.Forge{Address: args[1], Name: args[2]}
	if err := awaitNetwork(); err != nil {
		return err
	}
	// The outer half has moved this process into its cgroup, which becomes the root of the
	// new cgroup namespace. That namespace belongs to this thread, which becomes the engine.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("making a cgroup namespace: %w", err)
	}
	if err := layOut(outside, forge); err != nil {
		return err
	}
	program, err := exec.LookPath("dockerd")
	if err != nil {
		return err
	}
	return unix.Exec(program, dockerd(forge), os.Environ())
}

func awaitNetwork() error {
	pipe := os.NewFile(wired, "wired")
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting for the network: %w", err)
	}
	return nil
}

// layOut sets up a file system in which a job sees only what it needs.
func layOut(outside string, forge network.Forge) error {
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return err
	}
	err = errors.Join(
		mounts.PrivateTree(),
		mounts.Proc("/proc"),
		mounts.Tmpfs("/run", "0755"),
		os.MkdirAll(socketDir, 0o755),
		mounts.Bind(socketMount, socketDir),
		mounts.Tmpfs("/tmp", "1777"),
		os.MkdirAll(dataRoot+workspace, 0o755),
		mounts.Bind(dataRoot+workspace, workspace),
		mounts.Tmpfs("/etc/docker", "0755"),
		override("/etc/resolv.conf", "nameserver "+outside+"\n"),
		override("/etc/hosts", string(hosts)+hostsEntry(outside, forge)),
	)
	for _, dir := range hidden {
		err = errors.Join(err, mounts.Tmpfs(dir, "0000"))
	}
	return err
}

// override mounts a file with this text over another file.
func override(path, text string) error {
	to := "/run/" + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-")
	if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
		return err
	}
	return mounts.Bind(to, path)
}

// hostsEntry resolves the forge's name to the outer half, which forwards connections to the
// forge. A loopback name stays as it is: a listener on the loopback address forwards too.
func hostsEntry(outside string, forge network.Forge) string {
	if forge.Loopback() || forge.IP() {
		return ""
	}
	return outside + " " + forge.Name + "\n"
}

// dockerd returns the command line of the Docker engine. Its insecure registry is the
// forge's, which uses plain HTTP. Each step of a job is a docker exec, which takes half as
// long with crun as with runc. Its networks have addresses that no LAN has.
func dockerd(forge network.Forge) []string {
	return []string{
		"dockerd", "--rootless", "--host", "unix://" + socketDir + "/" + socketName, "--data-root", dataRoot,
		"--exec-root", "/run/docker", "--pidfile", "/run/docker/docker.pid",
		"--insecure-registry", forge.Name + ":" + forge.Port(), "--userland-proxy=false", "--log-level", "error",
		"--add-runtime", "crun=/usr/bin/crun", "--default-runtime", "crun",
		"--bip", network.Bridge, "--default-address-pool", fmt.Sprintf("base=%s,size=%d", network.Pool, network.PoolSize),
	}
}
