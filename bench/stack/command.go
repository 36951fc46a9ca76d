package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Output runs a program in dir with additional environment variables. It returns what the
// program printed, without leading and trailing white space.
func Output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := command(ctx, dir, env, name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	text := strings.TrimSpace(out.String())
	if err != nil {
		return text, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args[:min(2, len(args))], " "), err, text)
	}
	return text, nil
}

// command returns a command that the terminal's Ctrl-C does not reach. When ctx is cancelled,
// the program and everything that it started are interrupted.
func command(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// Git runs git with the benchmark as the author of commits.
func Git(ctx context.Context, dir string, args ...string) (string, error) {
	return Output(ctx, dir, nil, "git", append([]string{"-c", "user.name=Bench", "-c", "user.email=bench@localhost"}, args...)...)
}

// CommitAll commits everything in dir and returns the commit's hash.
func CommitAll(ctx context.Context, dir string) (string, error) {
	for _, args := range [][]string{{"add", "--all"}, {"commit", "--quiet", "--message=Change"}} {
		if _, err := Git(ctx, dir, args...); err != nil {
			return "", err
		}
	}
	return Git(ctx, dir, "rev-parse", "HEAD")
}

// DockerCommand finds a docker command that builds with BuildKit; not every one has buildx.
func DockerCommand(ctx context.Context) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "docker")
		if _, err := Output(ctx, "", []string{"DOCKER_BUILDKIT=1"}, path, "build", "--help"); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no docker command on PATH builds with BuildKit; install docker-buildx, or Debian's docker.io")
}

// poll calls f ten times a second until it returns true, for at most limit. The error names
// what was waited for.
func poll(ctx context.Context, limit time.Duration, what string, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := f()
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}
