package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// thawCommand unpauses a container when its standard input ends, which is when the
// process that paused the container has died.
func thawCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "thaw CONTAINER", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, readErr := io.Copy(io.Discard, g.in)
			cli, err := dockerhost.NewClient()
			if err != nil {
				return errors.Join(readErr, err)
			}
			defer func() { _ = cli.Close() }()
			return errors.Join(readErr, backup.Thaw(cli, args[0]))
		},
	}
}

// guard starts a process that unpauses a container if this one dies: the kernel then
// closes its standard input.
func guard(id string) (release func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	// The guard must find the same Docker host, also when the user switches contexts meanwhile.
	endpoint, err := dockerhost.ResolveEndpoint()
	if err != nil {
		return nil, err
	}
	env, err := endpoint.Environment()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "thaw", id)
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C must not end it
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting the guard of the paused forge: %w", err)
	}
	return func() {
		// The forge is running already; the guard finds nothing to do.
		_ = in.Close()
		_ = cmd.Wait()
	}, nil
}
