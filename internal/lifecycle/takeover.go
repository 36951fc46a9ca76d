package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// This file deals with a stack whose objects are on the Docker host while its state is
// not in this checkout, or cannot be opened: see docs/adr/0021-take-over.md.

// stopLimit is how many seconds a container may take to stop before it is killed.
const stopLimit = 10

// checkState refuses a state that cannot be opened, unless it is to be taken over.
func checkState(takeOver bool) Step {
	return Step{"checking the state", func(ctx context.Context, s *State) error {
		err := pulumi.CheckState(ctx, s.Project, s.Stack)
		if errors.Is(err, pulumi.ErrUnreadable) && takeOver {
			s.unreadable = err
			return nil
		}
		return err
	}}
}

// setStateAside moves a state that cannot be opened out of the way.
var setStateAside = Step{"setting the old state aside", func(_ context.Context, s *State) error {
	if s.unreadable == nil {
		return nil
	}
	dir, err := pulumi.SetStateAside(s.Project, s.Stack)
	if err == nil {
		s.Out.Line("the old state is in %s: %v", dir, s.unreadable)
	}
	return err
}}

// checkOwner refuses objects that another checkout created, before anything is changed.
// With a backend elsewhere, only Pulumi can read the state; then removeUnmanaged refuses them.
func checkOwner(takeOver bool) Step {
	return Step{"checking which checkout the stack is of", func(ctx context.Context, s *State) error {
		if s.unreadable != nil {
			return nil // the user has said so
		}
		if !pulumi.OwnBackend() {
			return nil
		}
		// A state that cannot be read lists nothing; checkState reports that.
		managed, _, _ := pulumi.LocalManaged(s.Project, s.Stack)
		unmanaged, err := findUnmanaged(ctx, s, managed)
		if err != nil {
			return err
		}
		return refuseForeign(s, managed, unmanaged, takeOver)
	}}
}

// removeUnmanaged removes the stack's containers and networks that its state does not
// know. They hold no data: an update that follows creates them again, around the same
// volumes.
func removeUnmanaged(takeOver, update bool) Step {
	return Step{"taking the stack over", func(ctx context.Context, s *State) error {
		managed, err := s.Pulumi.Managed(ctx)
		if err != nil {
			return err
		}
		unmanaged, err := findUnmanaged(ctx, s, managed)
		if err != nil || len(unmanaged) == 0 {
			return err
		}
		if err := refuseForeign(s, managed, unmanaged, takeOver); err != nil {
			return err
		}
		s.Out.Line("the state of this checkout does not know these objects, which carry the stack's label:")
		printObjects(s, unmanaged)
		if update {
			s.Out.Line("they are removed and created again; jobs that are running on them stop")
			s.Out.Line("volumes and all data stay; passwords and tokens are replaced: see %s status --show-secrets%s", s.Launcher, s.stackFlag())
		}
		return removeObjects(ctx, s, unmanaged)
	}}
}

// removeWithoutState is `down` where no state of the stack is left.
func removeWithoutState(takeOver bool) Step {
	return Step{"removing what the stack left", func(ctx context.Context, s *State) error {
		objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
		if err != nil {
			return err
		}
		unmanaged := pulumi.Managed{}.Unmanaged(objects)
		if len(unmanaged) == 0 {
			s.Out.Line("there is no stack %q here: nothing to take down", s.Stack)
			if len(objects) > 0 {
				s.Out.Line("%d objects carry its label; `pipeline down --stack %s --purge` removes them", len(objects), s.Stack)
			}
			return errDone
		}
		// The list of resources can be read even if the state cannot be opened.
		managed, _, _ := pulumi.LocalManaged(s.Project, s.Stack)
		if err := refuseForeign(s, managed, unmanaged, takeOver); err != nil {
			return err
		}
		s.Out.Section(fmt.Sprintf("Taking stack %q down", s.Stack))
		s.Out.Line("its state is not in this checkout; these objects carry its label and are removed:")
		printObjects(s, unmanaged)
		return removeObjects(ctx, s, unmanaged)
	}}
}

func findUnmanaged(ctx context.Context, s *State, managed pulumi.Managed) ([]dockerhost.Object, error) {
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return nil, err
	}
	return managed.Unmanaged(objects), nil
}

// refuseForeign refuses objects that this checkout did not create. A network alone holds
// no data, so it is not refused.
func refuseForeign(s *State, managed pulumi.Managed, unmanaged []dockerhost.Object, takeOver bool) error {
	owner, foreign := managed.Owner(s.Project, unmanaged)
	if !foreign || takeOver {
		return nil
	}
	why := fmt.Errorf("its containers are on this Docker host (%s …), but no state of it is in this checkout", unmanaged[0].Name)
	next := "work on it from the checkout that created it"
	if owner != "" {
		why = fmt.Errorf("it is the stack of another checkout, %s", owner)
		next = "work on it from there"
	}
	return problem.New(fmt.Sprintf("using stack %q", s.Stack), why,
		next+", or choose another name with --stack, or move it here with its data: repeat with --take-over")
}

func printObjects(s *State, objects []dockerhost.Object) {
	for _, o := range objects {
		s.Out.Line("  %-9s %s", o.Kind, o.Name)
	}
}

// removeObjects stops the containers in order, so that the forge ends what it writes,
// and removes the objects.
func removeObjects(ctx context.Context, s *State, objects []dockerhost.Object) error {
	limit := stopLimit
	var failed []string
	for _, o := range objects {
		if o.Kind != "container" {
			continue
		}
		if err := s.Docker.ContainerStop(ctx, o.ID, container.StopOptions{Timeout: &limit}); err != nil {
			failed = append(failed, err.Error())
		}
	}
	if err := dockerhost.RemoveObjects(ctx, s.Docker, objects); err != nil {
		return problem.New("removing the stack's containers and networks",
			errors.Join(err, errors.New(strings.Join(slices.Compact(failed), "\n"))), "fix what it says, then repeat the command")
	}
	s.Out.Line("removed")
	return nil
}
