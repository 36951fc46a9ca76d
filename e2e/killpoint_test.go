//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// point tells whether to kill a command now, from the number of its steps so far and from the
// last one. A step is a line that the launcher printed, or an event of one of the stack's
// containers.
type point func(n int, step string) bool

// atStep is the n-th step, the first being 1.
func atStep(n int) point { return func(got int, _ string) bool { return got >= n } }

// atText is the first step whose text contains this.
func atText(text string) point {
	return func(_ int, step string) bool { return strings.Contains(step, text) }
}

// spread returns the step in the middle of the i-th of n equal sections of all steps.
func spread(whole, i, n int) int { return max(1, whole*(2*i+1)/(2*n)) }

// never lets a command run to its end.
func never(int, string) bool { return false }

// event is the beginning of a step that is a container's event.
const event = "event: "

// containerEvents are the container events that do not depend on time.
var containerEvents = []events.Action{
	events.ActionCreate, events.ActionStart, events.ActionPause, events.ActionUnPause, events.ActionDie, events.ActionDestroy,
}

// tooLate means that a command ended before it reached its point.
const tooLate = "it had ended"

// kill starts the launcher and kills it at a point: with all processes that it has started,
// as a crash of the machine would, or alone. It returns what it killed, and how many steps it
// saw. A command that ends before must have succeeded.
func (p *project) kill(at point, all bool, args ...string) (how string, steps int) {
	p.t.Helper()
	cmd := p.command(p.t.Context(), nil, args...)
	seen, done := make(chan string), make(chan struct{})
	defer close(done)
	p.containerSteps(seen, done)
	r, w, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if !strings.Contains(lines.Text(), " so far") { // such a line depends on time
				send(seen, done, lines.Text())
			}
		}
		_, _ = io.Copy(io.Discard, r) // processes that it started may outlive it and print more
	}()
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			if code := cmd.ProcessState.ExitCode(); code != 0 {
				p.t.Fatalf("%s ended by itself with exit code %d", strings.Join(args, " "), code)
			}
			return tooLate, steps
		case step := <-seen:
			if steps++; at(steps, step) {
				how = p.killProcesses(cmd.Process.Pid, all)
				<-ended
				return fmt.Sprintf("%s at step %d, %q", how, steps, strings.TrimSpace(step)), steps
			}
		}
	}
}

// killProcesses kills the launcher and, if all is set, its descendants.
func (p *project) killProcesses(pid int, all bool) (how string) {
	p.t.Helper()
	victims := []int{pid}
	how = "the launcher alone"
	if all {
		victims, how = append(victims, descendants(pid)...), "with all its processes"
	}
	for _, victim := range victims {
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			p.t.Fatal(err)
		}
	}
	return how
}

// containerSteps sends the events of the stack's containers.
func (p *project) containerSteps(seen chan<- string, done <-chan struct{}) {
	p.t.Helper()
	docker := dockerClient(p.t)
	filter := filters.NewArgs(filters.Arg("label", label+"="+p.stack), filters.Arg("type", string(events.ContainerEventType)))
	for _, action := range containerEvents {
		filter.Add("event", string(action))
	}
	stream, failed := docker.Events(p.t.Context(), events.ListOptions{Filters: filter})
	go func() {
		defer docker.Close()
		for {
			select {
			case e := <-stream:
				send(seen, done, fmt.Sprintf("%s%s of container %s", event, e.Action, e.Actor.Attributes["name"]))
			case <-failed: //nolint:errcheck // the lines of the launcher still count
				return
			case <-done:
				return
			}
		}
	}()
}

// send sends a step, unless nobody receives any more.
func send(seen chan<- string, done <-chan struct{}, step string) {
	select {
	case seen <- step:
	case <-done:
	}
}

// descendants returns all descendants of a process.
func descendants(pid int) []int {
	var found []int
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, list := range lists {
		data, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(append(found, child), descendants(child)...)
			}
		}
	}
	return found
}
