package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// DownOptions are the choices of Down.
type DownOptions struct {
	Purge bool // also remove the data
	Yes   bool // do not ask before data is removed
}

// Down takes the stack down. Its data stays, unless Purge is set.
func Down(ctx context.Context, env Environment, o DownOptions) error {
	if o.Purge {
		return run(ctx, env, []Step{connect, lockStack, confirmPurge(o.Yes), destroyIfPossible, purge})
	}
	steps := append([]Step{connect, findState, lockStack}, destroySteps(endWithoutStack(openState))...)
	return run(ctx, env, append(steps, listKept))
}

// destroySteps destroy the stack's resources by Pulumi.
func destroySteps(open Step) []Step {
	return []Step{
		sectionStack("Taking stack %q down"),
		getPulumi,
		open,
		getPlugins,
		installPlugin,
		awaitLocks,
		removeLeftovers,
		recoverState,
		destroy,
	}
}

// findState ends the operation where there is certainly no state of the stack.
var findState = Step{"looking for the stack", func(ctx context.Context, s *State) error {
	if pulumi.MayExist(s.Project, s.Stack) {
		return nil
	}
	return nothingToTakeDown(ctx, s)
}}

// endWithoutStack ends the operation when the step finds no stack.
func endWithoutStack(step Step) Step {
	inner := step.Run
	step.Run = func(ctx context.Context, s *State) error {
		err := inner(ctx, s)
		if errors.Is(err, pulumi.ErrNone) {
			return nothingToTakeDown(ctx, s)
		}
		return err
	}
	return step
}

// nothingToTakeDown says that there is no stack, and names what carries its label all the same.
func nothingToTakeDown(ctx context.Context, s *State) error {
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return err
	}
	s.Out.Line("there is no stack %q here: nothing to take down", s.Stack)
	if len(objects) > 0 {
		s.Out.Line("%d objects carry its label; `pipeline down --stack %s --purge` removes them", len(objects), s.Stack)
	}
	return errDone
}

// listKept says what is left of the stack.
var listKept = Step{"listing what is kept", func(ctx context.Context, s *State) error {
	s.Out.Section(fmt.Sprintf("Stack %q is down (%s)", s.Stack, s.took()))
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return err
	}
	for _, o := range objects {
		s.Out.Line("kept  %-9s %s", o.Kind, o.Name)
	}
	s.Out.Line("`pipeline up --stack %s` finds its data again; `pipeline down --stack %s --purge` removes it", s.Stack, s.Stack)
	return nil
}}

// confirmPurge lists what will be removed, and asks unless yes is set.
func confirmPurge(yes bool) Step {
	return Step{"listing what is removed", func(ctx context.Context, s *State) error {
		objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
		if err != nil {
			return err
		}
		s.Out.Section(fmt.Sprintf("This removes stack %q with all its data, for good:", s.Stack))
		for _, o := range objects {
			s.Out.Line("%-9s %s", o.Kind, o.Name)
		}
		s.Out.Line("%-9s %s", "state", "Pulumi's state of the stack")
		if yes {
			return nil
		}
		return s.Prompt.Confirm(fmt.Sprintf("Type the stack's name (%s) to remove it:", s.Stack), s.Stack)
	}}
}

// destroyIfPossible destroys the stack by Pulumi where it has a state. A failure is a
// warning: what carries the label is removed all the same.
var destroyIfPossible = Step{"destroying the stack's resources", func(ctx context.Context, s *State) error {
	if !pulumi.MayExist(s.Project, s.Stack) {
		return nil
	}
	err := runAll(ctx, s, destroySteps(openState))
	if err == nil || errors.Is(err, pulumi.ErrNone) {
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	s.Out.State("warning", "Pulumi could not take the stack down (%v); removing what carries its label", err)
	return nil
}}

// purge removes all that carries the stack's label, and the state.
var purge = Step{"removing the stack's data", func(ctx context.Context, s *State) error {
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return err
	}
	if err := dockerhost.RemoveObjects(ctx, s.Docker, objects); err != nil {
		return problem.New("removing what carries the stack's label", err, "repeat the command; what is gone stays gone")
	}
	for _, o := range objects {
		s.Out.Line("%-11s %-9s %s", "removed", o.Kind, o.Name)
	}
	if s.Pulumi != nil {
		if err := s.Pulumi.Forget(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(s.Project.StackDir(s.Stack)); err != nil {
		return fmt.Errorf("removing the stack's workspace: %w", err)
	}
	s.Out.Section(fmt.Sprintf("Stack %q is gone (%s)", s.Stack, s.took()))
	return nil
}}
