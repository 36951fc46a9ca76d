package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// stack is a stack of the benchmark's own, in a copy of the project.
type stack struct {
	b         *bench
	dir, name string
	http, ssh int
	forge     *forge // once it is up
	made      bool   // there may be something to remove
	upSince   time.Time
}

// newStack is a stack in a copy of the project that is ready for `up`: a clone
// that is made for good builds its parts before the first.
func (b *bench) newStack(ctx context.Context) (*stack, error) {
	s, err := b.copyOfProject(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.run(ctx, "parts")
	return s, err
}

// copyOfProject copies what git knows of the project into a new folder, and
// makes one commit of it.
func (b *bench) copyOfProject(ctx context.Context) (*stack, error) {
	dir, err := os.MkdirTemp(b.tmp, "project-")
	if err != nil {
		return nil, err
	}
	list, err := command(ctx, b.project.Root, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.TrimRight(list, "\x00"), "\x00") {
		if err := copyFile(filepath.Join(b.project.Root, name), filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("copying the project: %w", err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet", "--initial-branch=main"}, {"add", "--all"}, {"commit", "--quiet", "--message=Start"}} {
		if err := git(ctx, dir, args...); err != nil {
			return nil, err
		}
	}
	return b.stackIn(dir)
}

// stackIn is another stack of a copy that is there.
func (b *bench) stackIn(dir string) (*stack, error) {
	s := &stack{b: b, dir: dir, name: "bench-" + strings.ToLower(rand.Text()[:8])}
	var err, sshErr error
	s.http, err = freePort()
	s.ssh, sshErr = freePort()
	b.undone(s.remove)
	return s, errors.Join(err, sshErr)
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return nil // deleted, not yet committed
	}
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode())
}

// run runs the launcher on the stack, and returns what it printed.
func (s *stack) run(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	err := s.watch(ctx, func(line string) { out.WriteString(line + "\n") }, args...)
	if err != nil {
		err = fmt.Errorf("pipeline %s of stack %s: %w\n%s", args[0], s.name, err, tail(out.String(), 25))
	}
	return out.String(), err
}

// watch runs the launcher and hands over each line in the moment it is printed.
func (s *stack) watch(ctx context.Context, line func(string), args ...string) error {
	cmd := grouped(ctx, s.dir, []string{"NO_COLOR=1"}, s.b.launcher, append(args, "--stack", s.name)...)
	// The launcher passes it on to Pulumi, which ends in order.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Minute
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line(lines.Text())
	}
	_ = r.Close()
	return cmd.Wait()
}

// upArgs bring the stack up on its own ports.
func (s *stack) upArgs() []string {
	return []string{"up", "-c", "httpPort=" + strconv.Itoa(s.http), "-c", "sshPort=" + strconv.Itoa(s.ssh)}
}

// updated is what the launcher prints when Pulumi has ended, before it follows
// the first run.
var updated = regexp.MustCompile(`^\s*(\d+ changes|nothing to change) \(`)

// up brings the stack up, which ends when its first run is green, and calls
// each of then in the moment when Pulumi has ended.
func (s *stack) up(ctx context.Context, then ...func()) (string, error) {
	s.made = true
	var out strings.Builder
	err := s.watch(ctx, func(line string) {
		out.WriteString(line + "\n")
		if updated.MatchString(line) {
			for _, f := range then {
				f()
			}
		}
	}, s.upArgs()...)
	if err != nil {
		return out.String(), fmt.Errorf("bringing up stack %s: %w\n%s", s.name, err, tail(out.String(), 25))
	}
	s.upSince = time.Now()
	return out.String(), s.connect(ctx)
}

// connect makes the client of the stack's forge, if there is none yet.
func (s *stack) connect(ctx context.Context) error {
	if s.forge != nil {
		return nil
	}
	id, err := s.b.container(ctx, s.name, "forge-container")
	if err != nil {
		return err
	}
	password, err := s.b.readFile(ctx, id, "/opt/gitops-pipeline/admin-password")
	if err != nil {
		return err
	}
	s.forge, err = newForge(ctx, s.http, password)
	return err
}

// remove takes the stack down with its data, and what of it Docker has under
// the name of its registry.
func (s *stack) remove(ctx context.Context) error {
	if !s.made {
		return nil
	}
	_, err := s.run(ctx, "down", "--purge", "--yes")
	err = errors.Join(err, s.b.untag(ctx, fmt.Sprintf("localhost:%d/*/*", s.http)))
	left, findErr := dockerhost.FindObjects(ctx, s.b.docker, s.name)
	if len(left) > 0 {
		findErr = errors.Join(findErr, fmt.Errorf("left with the label of %s: %+v", s.name, left))
	}
	s.made = err != nil || findErr != nil
	return errors.Join(err, findErr)
}

// untag removes the names of images that match.
func (b *bench) untag(ctx context.Context, pattern string) error {
	list, err := b.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", pattern))})
	if err != nil {
		return fmt.Errorf("listing the images %s: %w", pattern, err)
	}
	prefix, _, _ := strings.Cut(pattern, "*")
	var failed []error
	for _, i := range list {
		for _, name := range append(i.RepoTags, i.RepoDigests...) {
			if strings.HasPrefix(name, prefix) {
				_, err := b.docker.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
				failed = append(failed, gone(err))
			}
		}
	}
	return errors.Join(failed...)
}
