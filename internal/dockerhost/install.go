package dockerhost

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/apt"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Host is what the installation needs from the machine; tests replace it.
type Host interface {
	// Distribution returns ID and ID_LIKE of /etc/os-release.
	Distribution() []string
	Root() bool
	Systemd() bool
	// Has tells whether a program is on PATH.
	Has(program string) bool
	// Run runs a command to its end, its output to progress.
	Run(ctx context.Context, progress io.Writer, env []string, name string, args ...string) error
	// Detach starts a daemon that outlives this process, its output to log.
	Detach(log, name string, args ...string) (exited <-chan error, err error)
}

// Step is one thing that Ensure does, in order.
type Step string

// The steps that install and start Docker.
const (
	Install   Step = "install docker.io"
	Systemctl Step = "systemctl start docker"
	Daemon    Step = "start dockerd"
)

// ErrCannot says that the launcher cannot start Docker on this machine.
var ErrCannot = errors.New("no Docker engine answers")

// Plan decides what has to be done on host to have a running Docker engine.
func Plan(host Host) ([]Step, error) {
	endpoint, err := ResolveEndpoint()
	if err != nil {
		return nil, err
	}
	if endpoint.Host != DefaultHost {
		return nil, problem.New("reaching the Docker host at "+endpoint.Host, ErrCannot,
			fmt.Sprintf("start Docker there, or use this machine's: unset DOCKER_HOST and DOCKER_CONTEXT, or `docker context use default` (this address is from %s)", endpoint.Source))
	}
	if !host.Root() {
		return nil, problem.New("starting Docker", fmt.Errorf("%w, and this user is not root", ErrCannot),
			"start it (sudo systemctl start docker), add yourself to the docker group, or run as root")
	}
	var steps []Step
	if !host.Has("dockerd") {
		if !debian(host.Distribution()) || !host.Has("apt-get") {
			return nil, problem.New("installing Docker", fmt.Errorf("%w, and this is neither Debian nor Ubuntu", ErrCannot),
				"install Docker Engine "+MinVersion+" or newer with your system's package manager, then start it")
		}
		steps = append(steps, Install)
	}
	if host.Systemd() {
		return append(steps, Systemctl), nil
	}
	return append(steps, Daemon), nil
}

func debian(ids []string) bool {
	for _, id := range ids {
		if id == "debian" || id == "ubuntu" {
			return true
		}
	}
	return false
}

// LogFile is where a dockerd that Ensure started writes.
const LogFile = "/var/log/dockerd-gitops-pipeline.log"

// Ensure returns when the Docker host answers: at once if it does, else after Docker
// has been installed and started, as far as host allows. A Docker host that is too
// old is an error: nothing is replaced.
func Ensure(ctx context.Context, host Host, progress io.Writer) error {
	if _, err := ResolveEndpoint(); err != nil {
		return err // installing Docker does not fix the settings
	}
	cli, _, err := Connect(ctx)
	if err == nil {
		return cli.Close()
	}
	if errors.Is(err, ErrTooOld) {
		return err
	}
	if host.Root() && strings.Contains(err.Error(), "permission denied") {
		return err
	}
	steps, planErr := Plan(host)
	if planErr != nil {
		return fmt.Errorf("%w (%w)", planErr, err)
	}
	return perform(ctx, host, steps, progress, answers, time.Minute)
}

func perform(ctx context.Context, host Host, steps []Step, progress io.Writer, ready func(context.Context) error, limit time.Duration) error {
	var exited <-chan error
	for _, step := range steps {
		var err error
		switch step {
		case Install:
			fmt.Fprintln(progress, "Docker is missing: installing docker.io and iptables with apt-get")
			err = apt.Install(ctx, progress, func(ctx context.Context, env []string, name string, args ...string) error {
				return host.Run(ctx, progress, env, name, args...)
			}, "docker.io", "iptables")
		case Systemctl:
			fmt.Fprintln(progress, "Docker is not running: starting it with systemctl")
			err = host.Run(ctx, progress, nil, "systemctl", "start", "docker")
		case Daemon:
			fmt.Fprintf(progress, "Docker is not running: starting dockerd, its log is %s\n", LogFile)
			exited, err = host.Detach(LogFile, "dockerd")
		}
		if err != nil {
			return problem.New(string(step), err, "do it by hand, then repeat this command")
		}
	}
	return await(ctx, progress, ready, exited, limit)
}

func answers(ctx context.Context) error {
	cli, _, err := Connect(ctx)
	if err != nil {
		return err
	}
	return cli.Close()
}

// await polls until the Docker host answers, its daemon ends, or the time is up.
func await(ctx context.Context, progress io.Writer, ready func(context.Context) error, exited <-chan error, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	fmt.Fprintf(progress, "waiting for Docker to answer, at most %s\n", limit)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		last := ready(ctx)
		if last == nil {
			return nil
		}
		select {
		case err := <-exited:
			return problem.New("starting dockerd", fmt.Errorf("it ended (%w); the end of its log:\n%s", err, tail(LogFile, 15)),
				"fix what the log says, then repeat this command; the whole log is "+LogFile)
		case <-ctx.Done():
			why := last
			if exited != nil {
				why = fmt.Errorf("%w; the end of its log:\n%s", last, tail(LogFile, 15))
			}
			return problem.New(fmt.Sprintf("waiting %s for the Docker host", limit), why, "look at the daemon's log, then repeat this command")
		case <-tick.C:
		}
	}
}

func tail(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	var lines []string
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
