package dockerhost

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Machine is the real Host.
type Machine struct{}

var _ Host = Machine{}

// Distribution reads /etc/os-release.
func (Machine) Distribution() []string {
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	return distribution(f)
}

func distribution(r io.Reader) []string {
	var ids []string
	for s := bufio.NewScanner(r); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), "=")
		if key == "ID" || key == "ID_LIKE" {
			ids = append(ids, strings.Fields(strings.Trim(value, `"'`))...)
		}
	}
	return ids
}

// Root tells whether this process is root.
func (Machine) Root() bool { return os.Geteuid() == 0 }

// Systemd tells whether systemd is the machine's init: the same test as sd_booted(3).
func (Machine) Systemd() bool {
	info, err := os.Stat("/run/systemd/system")
	return err == nil && info.IsDir()
}

// Has looks the program up in PATH.
func (Machine) Has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// Run runs a command to its end.
func (Machine) Run(ctx context.Context, progress io.Writer, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = progress, progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

// Detach starts a daemon in a session of its own.
func (Machine) Detach(log, name string, args ...string) (<-chan error, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("opening the daemon's log: %w", err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	return exited, nil
}
