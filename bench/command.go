package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command runs a program in dir with more environment, and returns what it
// printed. The program is out of reach of the terminal's Ctrl-C: a cancelled
// context interrupts it, with all that it started.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := grouped(ctx, dir, env, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args[:min(2, len(args))], " "), err, tail(out.String(), 25))
	}
	return out.String(), nil
}

func grouped(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// timed is how many seconds f takes.
func timed(f func() error) (float64, error) {
	start := time.Now()
	err := f()
	return time.Since(start).Seconds(), err
}

// git runs git as the benchmark's own author.
func git(ctx context.Context, dir string, args ...string) error {
	_, err := command(ctx, dir, nil, "git", append([]string{"-c", "user.name=Bench", "-c", "user.email=bench@localhost"}, args...)...)
	return err
}

// poll asks until f says yes, at most limit; the error tells what was awaited.
func poll(ctx context.Context, every, limit time.Duration, what string, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, err := f()
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-tick.C:
		}
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// buildKit finds a docker command that builds with BuildKit: one with buildx,
// or one so old that it has BuildKit built in.
func buildKit(ctx context.Context) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "docker")
		if _, err := exec.LookPath(path); err != nil {
			continue
		}
		if _, err := command(ctx, "", nil, path, "buildx", "version"); err == nil {
			return path, nil
		}
		version, err := command(ctx, "", nil, path, "--version")
		var major int
		if _, scanErr := fmt.Sscanf(version, "Docker version %d.", &major); err == nil && scanErr == nil && major < 23 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no docker command on PATH builds with BuildKit; install docker-buildx, or Debian's docker.io")
}
