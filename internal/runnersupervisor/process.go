package runnersupervisor

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// Command is gitea-runner as a program.
type Command struct {
	Path string
	Dir  string // its working directory
}

// Start starts the program. When the supervisor ends for any reason, the kernel kills the
// program.
func (c Command) Start(text string, args ...string) (Process, error) {
	cmd := exec.Command(c.Path, args...)
	cmd.Dir = c.Dir
	cmd.Stdin = strings.NewReader(text)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the program ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return &process{pid: cmd.Process.Pid, ended: ended}, nil
}

// process is a program in its own process group.
type process struct {
	pid   int
	ended chan error
}

// Kill kills the process group.
func (p *process) Kill() error { return syscall.Kill(-p.pid, syscall.SIGKILL) }

// Wait returns when the program has ended.
func (p *process) Wait() error { return <-p.ended }
