package forgestart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Run prepares Gitea, starts it and sets the administrator's password beside it. It
// returns Gitea's exit code.
func (s *Starter) Run(ctx context.Context) (int, error) {
	if err := s.Prepare(ctx); err != nil {
		return 1, err
	}
	return s.serve(ctx, giteaProgram, "--config", s.Config.AppINI, "web")
}

// serve runs Gitea until it ends, and passes on the signals that stop a container. Gitea
// ends with this program, however that ends.
func (s *Starter) serve(ctx context.Context, program string, args ...string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	// The kernel sends Pdeathsig when the thread ends that started the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	server := exec.Command(program, args...)
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// What the database was before Gitea creates it decides how the password is set.
	password := s.passwordStep()
	if err := server.Start(); err != nil {
		return 1, fmt.Errorf("starting Gitea: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case sig := <-signals:
				_ = server.Process.Signal(sig)
			}
		}
	}()
	set := make(chan struct{})
	go func() {
		defer close(set)
		_ = password.set(ctx) // it goes on until it succeeds or Gitea ends
	}()
	err := server.Wait()
	cancel()
	<-set
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("waiting for Gitea: %w", err)
	}
	return exitCode(server.ProcessState), nil
}

// exitCode is a process's exit code, as a shell gives it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
