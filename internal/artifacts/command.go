package artifacts

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/apt"
)

// How many first and last lines of a failed command's output are shown.
const (
	headLines = 6
	tailLines = 25
)

var goBuild sync.Mutex

// LockGo keeps this process to one Go build at a time, until the returned
// function is called. A build uses every core by itself, and one after the
// other they find in Go's cache what they share; side by side each compiles it.
func LockGo() (unlock func()) {
	goBuild.Lock()
	return goBuild.Unlock
}

// Run runs a command in dir with extra environment and the proxies of ctx; its
// output is shown only when it fails. A cancelled context interrupts it, with all that it
// has started, and kills what goes on after the command itself has ended.
func Run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = environment(ctx, append(os.Environ(), env...))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if nothing is left
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, excerpt(out.String()))
	}
	return nil
}

// excerpt returns the first and the last lines of a failed command's output. npm says what
// is wrong first and then prints its help; most commands say it last.
func excerpt(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) <= headLines+tailLines {
		return strings.Join(lines, "\n")
	}
	return strings.Join(lines[:headLines], "\n") + "\n…\n" + Tail(s)
}

// Tail returns the last lines of a command's output.
func Tail(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return strings.Join(lines, "\n")
}

// Need makes sure that a program is there, installing its Debian packages when
// this process may.
func Need(ctx context.Context, out *Progress, program string, packages ...string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	list := strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("%s is not installed and is needed to build from source; install it (Debian, Ubuntu: apt-get install %s), or reach an image registry and set images to official", program, list)
	}
	fmt.Fprintf(out, "installing %s (needed to build from source)\n", list)
	return apt.Install(ctx, out, func(ctx context.Context, env []string, name string, args ...string) error {
		return Run(ctx, "", env, name, args...)
	}, packages...)
}
