package pulumi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// stopLimit bounds how long Pulumi may take to end what it has begun after the
// first Ctrl-C. The Automation API's own command allows ten seconds. That is less than a
// container may need to stop, and would leave pending operations behind.
const stopLimit = 2 * time.Minute

// Command runs the Pulumi CLI in a process group of its own. On a terminal
// Ctrl-C goes to every process of the foreground group; Pulumi would get one signal from
// there and one from the cancelled context, and it stops at once after the second. So
// only the launcher passes the signal on.
type Command struct {
	path    string
	version semver.Version
}

var _ auto.PulumiCommand = (*Command)(nil)

func newCommand(cli artifacts.CLI) *Command {
	return &Command{path: cli.Path, version: cli.Version}
}

// answers maps the first words of commands to what the commands would print. The
// Automation API runs more commands than are needed here, and each start of the CLI
// takes about half a second.
type answers map[string]string

type answersKey struct{}

// answering returns a context in which Run returns the answers instead of running
// the commands.
func answering(ctx context.Context, with answers) context.Context {
	return context.WithValue(ctx, answersKey{}, with)
}

func answered(ctx context.Context, args []string) (answer string, ok bool) {
	known, _ := ctx.Value(answersKey{}).(answers)
	for words, answer := range known {
		if strings.HasPrefix(strings.Join(args, " "), words) {
			return answer, true
		}
	}
	return "", false
}

// Version is the CLI's version.
func (c *Command) Version() semver.Version { return c.version }

// Run runs one Pulumi command; a cancelled context interrupts it once.
func (c *Command) Run(ctx context.Context, dir string, stdin io.Reader, moreOut, moreErr []io.Writer,
	env []string, args ...string,
) (string, string, int, error) {
	if answer, ok := answered(ctx, args); ok {
		return answer, "", 0, nil
	}
	if !slices.Contains(args, "--non-interactive") {
		args = append([]string{"--non-interactive"}, args...)
	}
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), env...), "PULUMI_AUTOMATION_API=true",
		"PATH="+filepath.Dir(c.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout = io.MultiWriter(append(moreOut, &stdout)...)
	cmd.Stderr = io.MultiWriter(append(moreErr, &stderr)...)
	cmd.Stdin = stdin
	// If the launcher is killed, the kernel interrupts the CLI. Otherwise the CLI would hold
	// the stack's lock while the next launcher runs. The kernel sends the signal when the
	// thread that started the CLI ends, so this thread must not end before the CLI.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopLimit
	if err := cmd.Start(); err != nil {
		return "", "", -2, fmt.Errorf("starting pulumi: %w", err)
	}
	running.add(cmd.Process.Pid)
	defer running.remove(cmd.Process.Pid)
	err := cmd.Wait()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		code = -2
	}
	return stdout.String(), stderr.String(), code, err
}

// running are the process groups of every Pulumi command of this process.
var running groups

type groups struct {
	mu    sync.Mutex
	alive map[int]bool
}

func (g *groups) add(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.alive == nil {
		g.alive = map[int]bool{}
	}
	g.alive[group] = true
}

func (g *groups) remove(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.alive, group)
}

// KillRunning kills every Pulumi command that this process has started.
func KillRunning() {
	running.mu.Lock()
	defer running.mu.Unlock()
	for group := range running.alive {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
}
