package pulumi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optremove"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// NoProgram is the program of commands that only read or remove a stack.
func NoProgram(*pulumi.Context) error {
	return errors.New("this command runs no program")
}

// ReadOutputs reads the outputs of a stack from its state, or returns ErrNone
// when there is no such stack. It writes nothing into the checkout.
func ReadOutputs(ctx context.Context, p project.Project, stack string, progress io.Writer) (auto.OutputMap, error) {
	if !MayExist(p, stack) {
		return nil, ErrNone
	}
	cli, err := artifacts.Pulumi(ctx, p.Root, artifacts.NewProgress(progress))
	if err != nil {
		return nil, artifacts.Problem("the Pulumi CLI", err)
	}
	s, release, err := openReadOnly(ctx, p, stack, cli)
	if err != nil {
		return nil, fmt.Errorf("opening stack %q: %w", stack, err)
	}
	defer release()
	outputs, err := s.Outputs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the outputs of stack %q: %w", stack, err)
	}
	return outputs, nil
}

// Text is an output that is a string; it is empty when there is none.
func Text(outputs auto.OutputMap, name string) string {
	text, _ := outputs[name].Value.(string)
	return text
}

// AwaitLocks clears stale locks of the stack and waits for a Pulumi that has
// outlived its launcher. Only the project's own state has locks that it can see.
func (s *Stack) AwaitLocks(ctx context.Context, limit time.Duration, progress io.Writer) error {
	if !s.Local {
		return nil
	}
	return AwaitLocks(ctx, s.project, s.Name(), limit, progress)
}

// Forget removes the stack's state; its resources are gone already.
func (s *Stack) Forget(ctx context.Context) error {
	if err := s.Workspace().RemoveStack(ctx, s.Name(), optremove.Force()); err != nil {
		return fmt.Errorf("removing Pulumi's state of the stack: %w", err)
	}
	return nil
}
