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

// Run prepares Gitea, starts it, and sets the administrator's password while Gitea runs. It
// returns Gitea's exit code.
func (s *Starter) Run(ctx context.Context) (int, error) {
	if err := s.Prepare(ctx); err != nil {
		return 1, err
	}
	// A forge works without it, and so do workflows and runners.
	if err := s.serveRunners(ctx); err != nil {
		s.Log.Error("workflows have no cache, and runners ask for tasks all the time", "error", err)
	}
	return s.serve(ctx, giteaProgram, "--config", s.Config.AppINI, "web")
}

// serve runs Gitea until it ends, and forwards the signals that stop a container. When this
// program ends for any reason, the kernel kills Gitea.
func (s *Starter) serve(ctx context.Context, program string, args ...string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	// The kernel sends Pdeathsig when the thread that started the program ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	trusting, err := gitTrust(os.Getenv("SSL_CERT_DIR"), systemBundle, gitBundle)
	if err != nil {
		s.Log.Error("mirrors are pulled with the certificates of the image alone", "error", err)
	}
	server := exec.Command(program, args...)
	server.Env = append(server.Environ(), trusting...)
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// This looks for the database before Gitea creates it.
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		if password.set(ctx) == nil { // it tries until it succeeds or Gitea ends
			s.retain(ctx)
		}
	}()
	err = server.Wait()
	cancel()
	<-done
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("waiting for Gitea: %w", err)
	}
	return exitCode(server.ProcessState), nil
}

// exitCode returns a process's exit code as a shell does.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
