//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// insideVariable names the test that runs in namespaces of its own.
const insideVariable = "E2E_INSIDE"

// inside runs the test again as a process in its own network, PID and mount namespaces, and
// tells whether this is that process. A second Docker daemon there cannot change the firewall
// rules and bridges of the machine's own daemon, which it would flush when it starts.
// Nothing of it is left when the process has ended. Other tests may run meanwhile.
func inside(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideVariable) == t.Name() {
		must(t, "ip", "link", "set", "lo", "up")
		return true
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
		os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$", "-test.timeout=60m")
	cmd.Env = append(os.Environ(), insideVariable+"="+t.Name())
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Errorf("the test in its own namespaces, which need root: %v", err)
	}
	return false
}

// daemon is the test's own Docker daemon, on a file system of limited size. DOCKER_HOST
// points to it.
type daemon struct {
	t      *testing.T
	dir    string // where the file system is mounted
	run    string // sockets and locks, outside of the file system that gets full
	socket string
	cmd    *exec.Cmd

	programs string // a directory with programs to use instead of the machine's
	root     string // the root directory of another distribution, to use its programs
}

// newDaemon starts a daemon and loads the pipeline's images into it. prepare is called
// before that, and may choose other programs than the machine's.
func newDaemon(t *testing.T, size string, prepare ...func(d *daemon)) *daemon {
	t.Helper()
	start := time.Now()
	images, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output()) // from the machine's own daemon
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	d := &daemon{t: t, dir: filepath.Join(base, "disk"), run: filepath.Join(base, "run")}
	d.socket = "unix://" + filepath.Join(d.run, "docker.sock")
	file := filepath.Join(base, "disk.img")
	for _, dir := range []string{d.dir, d.run} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "truncate", "--size", size, file)
	must(t, "mkfs.ext4", "-q", "-m", "0", file) // nothing reserved for root
	must(t, "mount", "-o", "loop", file, d.dir)
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", d.dir).CombinedOutput(); err != nil {
			t.Errorf("unmounting %s: %v\n%s", d.dir, err, out)
		}
	})
	for _, f := range prepare {
		f(d)
	}
	own := dockerhost.DefaultHost
	if d.programs != "" {
		own = keepSocket(t, base)
	}
	d.containerd()
	t.Cleanup(d.stop)
	d.start()
	refs := []string{images.Gitea, images.Runner, images.JobEngine, images.Job}
	load := exec.Command("bash", "-o", "pipefail", "-c", `own=$1; shift; docker --host "$own" save "$@" | docker --host "$0" load --quiet`)
	load.Args = append(load.Args, append([]string{d.socket, own}, refs...)...)
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("loading the images: %v\n%s", err, out)
	}
	t.Setenv("DOCKER_HOST", d.socket)
	t.Logf("a daemon of %s with the images after %.1fs", size, time.Since(start).Seconds())
	return d
}

// keepSocket mounts an empty /run for the test's own daemon, because newer daemons keep files
// there that no option moves. It returns the new address of the machine's daemon.
func keepSocket(t *testing.T, dir string) string {
	t.Helper()
	socket := filepath.Join(dir, "machine.sock")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "mount", "--bind", "/run/docker.sock", socket)
	must(t, "mount", "-t", "tmpfs", "tmpfs", "/run")
	t.Cleanup(func() {
		must(t, "umount", "--lazy", "/run")
		must(t, "umount", "--lazy", socket)
	})
	return "unix://" + socket
}

// command returns a command that runs one of the daemon's programs.
func (d *daemon) command(name string, args ...string) *exec.Cmd {
	path := os.Getenv("PATH")
	if d.programs != "" {
		path = d.programs + string(os.PathListSeparator) + path
		if own := filepath.Join(d.programs, name); exists(own) {
			name = own
		}
	}
	cmd := exec.Command(name, args...)
	if d.root != "" {
		// In its own mount namespace, so that removing the directory cannot remove /dev. Its root
		// is that namespace's root: Linux refuses user namespaces to what runs in a chroot.
		cmd = exec.Command("unshare", append([]string{"--mount", "--", "bash", "-euc", `
			mount --bind "$0" "$0"
			for shared in /proc /sys /dev "$1" "$2"; do mkdir -p "$0$shared"; mount --rbind "$shared" "$0$shared"; done
			mount -t tmpfs tmpfs "$0/run"
			shift 2
			cd "$0"
			mkdir -p .machine
			pivot_root . .machine
			umount --lazy .machine
			exec "$@"`, d.root, d.dir, d.run, name}, args...)...)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	cmd.Env = append(os.Environ(), "PATH="+path)
	return cmd
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// containerd starts containerd as a separate process, as Docker's packages do, so that it
// outlives a daemon that is killed.
func (d *daemon) containerd() {
	d.t.Helper()
	if d.root != "" {
		return // its dockerd starts one, with the same mounts
	}
	cmd := d.command("containerd", "--address", filepath.Join(d.run, "containerd.sock"),
		"--root", filepath.Join(d.dir, "containerd"), "--state", filepath.Join(d.run, "containerd"), "--log-level", "warn")
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// start starts the daemon and waits until it answers.
func (d *daemon) start() {
	d.t.Helper()
	log, err := os.OpenFile(filepath.Join(d.run, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	args := []string{
		"--host", d.socket, "--data-root", filepath.Join(d.dir, "docker"),
		"--exec-root", filepath.Join(d.run, "exec"), "--pidfile", filepath.Join(d.run, "pid"), "--log-level", "warn",
	}
	if d.root == "" {
		args = append(args, "--containerd", filepath.Join(d.run, "containerd.sock"))
	}
	d.cmd = d.command("dockerd", args...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		out, err := exec.Command("docker", "--host", d.socket, "version").CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			d.t.Fatalf("the daemon did not answer in %s: %s\n%s", patience, out, text)
		}
	}
}

// stop ends the daemon with its containers.
func (d *daemon) stop() {
	if d.cmd == nil || d.cmd.ProcessState != nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	_ = d.cmd.Wait()
}

// fill fills the daemon's disk until only left bytes are free.
func (d *daemon) fill(left int64) {
	d.t.Helper()
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		d.t.Fatal(err)
	}
	size := info.Size()
	for chunk := int64(256 << 20); chunk >= 4096; {
		if err := syscall.Fallocate(int(f.Fd()), 0, size, chunk); err != nil {
			chunk /= 2
			continue
		}
		size += chunk
	}
	if err := f.Truncate(size - left); err != nil {
		d.t.Fatal(err)
	}
}

// free releases the space that fill took.
func (d *daemon) free() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) ballast() string { return filepath.Join(d.dir, "ballast") }

func must(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
