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
	Purge    bool // also remove the data
	Yes      bool // do not ask before data is removed
	TakeOver bool // also take down a stack of another checkout
}

// Down takes the stack down. Its data stays, unless Purge is set.
func Down(ctx context.Context, env Environment, o DownOptions) error {
	return run(ctx, env, downSteps(o))
}

func downSteps(o DownOptions) []Step {
	if o.Purge {
		return []Step{connect, lockStack, checkOwner(o.TakeOver), confirmPurge(o.Yes), destroyIfPossible, purge}
	}
	return []Step{connect, destroyOrRemove(o), listKept}
}

// destroyOrRemove destroys the stack by Pulumi where its state can be opened, and else
// removes its containers and networks by their label. What the state does not know is
// removed too.
func destroyOrRemove(o DownOptions) Step {
	return Step{"taking the stack down", func(ctx context.Context, s *State) error {
		withoutState := removeWithoutState(o.TakeOver)
		if !pulumi.MayExist(s.Project, s.Stack) {
			return withoutState.Run(ctx, s)
		}
		if err := lockStack.Run(ctx, s); err != nil {
			return err
		}
		err := runAll(ctx, s, append(destroySteps(openState), removeUnmanaged(o.TakeOver, false)))
		if errors.Is(err, pulumi.ErrUnreadable) {
			s.Out.State("warning", "%v", err)
		} else if !errors.Is(err, pulumi.ErrNone) {
			return err
		}
		return withoutState.Run(ctx, s)
	}}
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
	} else if err := pulumi.ForgetState(s.Project, s.Stack); err != nil {
		return err
	}
	if err := os.RemoveAll(s.Project.StackDir(s.Stack)); err != nil {
		return fmt.Errorf("removing the stack's workspace: %w", err)
	}
	s.Out.Section(fmt.Sprintf("Stack %q is gone (%s)", s.Stack, s.took()))
	return nil
}}
