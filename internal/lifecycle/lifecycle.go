// Package lifecycle has the launcher's operations on a stack: up, down, backup,
// restore and rotate. Each is a list of named steps. The operations share steps, and
// none calls another operation.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Environment is what every operation needs: the stack, where to print, whom to ask,
// and the machine it works on.
type Environment struct {
	Project  project.Project
	Stack    string
	Out      *ui.Printer
	Prompt   Prompt
	Launcher string  // how the user calls this program
	Machine  Machine // NewMachine, or a fake
	Program  Program
}

// Program returns the Pulumi program of a stack, with artifacts that are there
// already. It is handed in, as the program stands above this package.
type Program func(cfg config.Config, root string, a Artifacts, progress io.Writer) sdk.RunFunc

// Prompt asks the user. Without a terminal, its methods return a usage error.
type Prompt interface {
	// Confirm asks the question, and fails unless the answer is want.
	Confirm(question, want string) error
	// Passphrase asks for a passphrase without showing it.
	Passphrase(question string) (string, error)
	// NewPassphrase asks for a new passphrase, twice.
	NewPassphrase() (string, error)
}

// Step is one step of an operation.
type Step struct {
	Name string // a gerund, such as "locking the stack"
	Run  func(ctx context.Context, s *State) error
}

// State is what the steps of one operation share: each uses what earlier ones found.
type State struct {
	Environment
	Config    config.Config
	Artifacts Artifacts
	Docker    *client.Client
	Pulumi    Stack
	Update    *ui.Display    // what the last update did
	Outputs   auto.OutputMap // of the stack
	Started   time.Time

	secrets    map[string]string // settings of the forge that the user has given: section.KEY and its value
	client     *gitea.Client     // of the forge; see forge
	unreadable error             // why the state cannot be opened, if it is to be taken over
	digest     string
	archive    archiveState
	cleanup    []func()
}

// Interrupted is the error of an operation that the user stopped.
type Interrupted struct {
	Step string // where
	Err  error
}

// Error names the step.
func (i *Interrupted) Error() string { return "interrupted while " + i.Step }

// Unwrap returns the step's error.
func (i *Interrupted) Unwrap() error { return i.Err }

// errDone ends an operation early and successfully.
var errDone = errors.New("nothing is left to do")

// run runs the steps in order, and stops at the first error.
func run(ctx context.Context, env Environment, steps []Step) error {
	s := &State{Environment: env, Started: time.Now()}
	defer s.close()
	err := runAll(ctx, s, steps)
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

func runAll(ctx context.Context, s *State, steps []Step) error {
	for _, step := range steps {
		err := ctx.Err()
		if err == nil {
			err = step.Run(artifacts.WithProxies(ctx, s.Config.ProxyEnvironment()), s)
		}
		if err == nil {
			continue
		}
		var inner *Interrupted
		if ctx.Err() != nil && !errors.As(err, &inner) {
			return &Interrupted{Step: step.Name, Err: err}
		}
		return err
	}
	return nil
}

// onClose calls f when the operation ends, in reverse order.
func (s *State) onClose(f func()) { s.cleanup = append(s.cleanup, f) }

func (s *State) close() {
	for i := len(s.cleanup) - 1; i >= 0; i-- {
		s.cleanup[i]()
	}
}

// section starts a section of the output.
func section(title string, args ...any) Step {
	return Step{"printing", func(_ context.Context, s *State) error {
		s.Out.Section(fmt.Sprintf(title, args...))
		return nil
	}}
}

// sectionStack starts a section of the output whose title names the stack.
func sectionStack(format string) Step {
	return Step{"printing", func(_ context.Context, s *State) error {
		s.Out.Section(fmt.Sprintf(format, s.Stack))
		return nil
	}}
}

// stackFlag names the stack where a user repeats a command.
func (s *State) stackFlag() string { return " --stack " + s.Stack }

// took returns how long the operation has taken so far.
func (s *State) took() string { return ui.Duration(time.Since(s.Started)) }
