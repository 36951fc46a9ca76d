//go:build linux

// Package inner is the inner half of a job engine: a Docker engine in namespaces of its
// own, whose root is no root of the host. Start runs in the outer half, Main in the new
// namespaces.
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

// Command is the command of the program that runs Main.
const Command = "inner"

// Where the inner half finds its data and its socket's directory, which the outer half
// mounts, and where it has its socket.
const (
	dataRoot    = "/var/lib/docker"
	socketMount = "/mnt"
	socketDir   = "/run/engine/docker"
	socketName  = "docker.sock"
)

// wired is the descriptor of a pipe from the outer half, which says there that the
// network is set up.
const wired = 3

// hidden are directories of the outer half of which a job sees nothing.
var hidden = []string{"/engine", "/usr/local/share/engine"}

// Main is the first process in the inner half's namespaces. It sets up the file system
// and becomes the Docker engine. Its arguments are the outer half's address, and the
// forge's address and name.
func Main(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("got %d arguments, want the outer half's address and the forge's address and name", len(args))
	}
	outside, forge := args[0], network.Forge{Address: args[1], Name: args[2]}
	if err := awaitNetwork(); err != nil {
		return err
	}
	// The outer half has moved this process into its cgroup by now, which thus is the
	// root of what jobs see. The namespace is the thread's, which becomes the engine.
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

// layOut makes a file system of which a job sees nothing but what it needs.
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
		mounts.Tmpfs("/etc/docker", "0755"),
		override("/etc/resolv.conf", "nameserver "+outside+"\n"),
		override("/etc/hosts", string(hosts)+hostsEntry(outside, forge)),
	)
	for _, dir := range hidden {
		err = errors.Join(err, mounts.Tmpfs(dir, "0000"))
	}
	return err
}

// override puts a file with this text in place of another.
func override(path, text string) error {
	to := "/run/" + strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-")
	if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
		return err
	}
	return mounts.Bind(to, path)
}

// hostsEntry has the forge's name mean the outer half, which passes on what is sent there.
// A name of this machine means itself, where a listener does the same.
func hostsEntry(outside string, forge network.Forge) string {
	if forge.Loopback() || forge.IP() {
		return ""
	}
	return outside + " " + forge.Name + "\n"
}

// dockerd is the command line of the Docker engine. The registry is the forge's, which
// speaks plain HTTP. crun: each step of a job is a docker exec, and it takes half as long
// as with runc.
func dockerd(forge network.Forge) []string {
	return []string{
		"dockerd", "--rootless", "--host", "unix://" + socketDir + "/" + socketName, "--data-root", dataRoot,
		"--exec-root", "/run/docker", "--pidfile", "/run/docker/docker.pid",
		"--insecure-registry", forge.Name + ":" + forge.Port(), "--userland-proxy=false", "--log-level", "error",
		"--add-runtime", "crun=/usr/bin/crun", "--default-runtime", "crun",
	}
}
