package stack

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Stack is one stack in a clone of the project.
type Stack struct {
	*Site
	Dir, Name string
	Forge     *Forge    // nil until the stack is up
	Since     time.Time // when the last `up` ended
	http, ssh int
	exists    bool // whether there may be something to remove
}

// New clones the project's commit, builds the artifacts, and returns a stack for that clone.
func (s *Site) New(ctx context.Context) (*Stack, error) {
	dir, err := os.MkdirTemp(s.Dir, "project-")
	if err != nil {
		return nil, err
	}
	if _, err := Git(ctx, dir, "clone", "--quiet", s.Root, "."); err != nil {
		return nil, err
	}
	st, err := s.In(dir)
	if err != nil {
		return nil, err
	}
	_, err = st.Run(ctx, "build")
	return st, err
}

// In returns a stack for an existing clone.
func (s *Site) In(dir string) (*Stack, error) {
	st := &Stack{Site: s, Dir: dir, Name: "bench-" + strings.ToLower(rand.Text()[:8])}
	for _, port := range []*int{&st.http, &st.ssh} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close() // both at the end, so that the ports differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	s.stacks = append(s.stacks, st)
	return st, nil
}

// Run runs the launcher for the stack and returns what it printed.
func (s *Stack) Run(ctx context.Context, args ...string) (string, error) {
	return s.watch(ctx, func(string) {}, args...)
}

// watch runs the launcher and calls line for each line at the moment it is printed.
func (s *Stack) watch(ctx context.Context, line func(string), args ...string) (string, error) {
	cmd := command(ctx, s.Dir, []string{"NO_COLOR=1"}, s.Launcher, append(args, "--stack", s.Name)...)
	// An interrupt: the launcher passes it on to Pulumi, which then shuts down cleanly.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Minute
	pipe, err := cmd.StdoutPipe()
	cmd.Stderr = cmd.Stdout
	if err = errors.Join(err, cmd.Start()); err != nil {
		return "", err
	}
	var out strings.Builder
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		out.WriteString(lines.Text() + "\n")
		line(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("pipeline %s of stack %s: %w\n%s", args[0], s.Name, err, out.String())
	}
	return out.String(), nil
}

// updated matches the line that the launcher prints when Pulumi has ended, before it follows
// the first run.
var updated = regexp.MustCompile(`^\s*(\d+ changes|nothing to change) \(`)

// Times are the times of one `up`.
type Times struct {
	Start, Updated, End time.Time // Updated is the end of Pulumi's update
	Changed             bool
}

// Up runs `up`, which ends when the first run is green.
func (s *Stack) Up(ctx context.Context) (Times, error) {
	s.exists = true
	at := Times{Start: time.Now()}
	_, err := s.watch(ctx, func(line string) {
		if updated.MatchString(line) && at.Updated.IsZero() {
			at.Updated, at.Changed = time.Now(), !strings.Contains(line, "nothing to change")
		}
	}, "up", "-c", "httpPort="+strconv.Itoa(s.http), "-c", "sshPort="+strconv.Itoa(s.ssh))
	if at.End, s.Since = time.Now(), time.Now(); err != nil {
		return at, err
	}
	if at.Updated.IsZero() {
		return at, errors.New("`up` printed no line that matches " + updated.String())
	}
	return at, s.connect(ctx)
}

// connect signs in to the stack's forge the first time, with the password that status prints.
func (s *Stack) connect(ctx context.Context) error {
	if s.Forge != nil {
		return nil
	}
	out, err := command(ctx, s.Dir, nil, s.Launcher, "status", "--json", "--show-secrets", "--stack", s.Name).Output()
	if err != nil {
		return fmt.Errorf("asking for the status: %w", err)
	}
	var status struct{ URLs, Secrets map[string]string }
	if err := json.Unmarshal(out, &status); err != nil {
		return fmt.Errorf("reading the status: %w", err)
	}
	s.Forge, err = newForge(ctx, s.Registry(), status.URLs["adminUser"], status.Secrets["adminPassword"])
	return err
}

// Registry returns the address of the forge's registry.
func (s *Stack) Registry() string { return fmt.Sprintf("localhost:%d", s.http) }

// Remove removes the stack with its data.
func (s *Stack) Remove(ctx context.Context) error {
	if !s.exists {
		return nil
	}
	_, err := s.Run(ctx, "down", "--purge", "--yes")
	s.exists = err != nil
	return err
}
