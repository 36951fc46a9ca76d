package pulumi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// OwnBackend tells whether the state is kept in the project itself, and not in a
// backend that PULUMI_BACKEND_URL or `pulumi login` chose.
func OwnBackend() bool { return os.Getenv("PULUMI_BACKEND_URL") == "" && loginDir() == "" }

// Managed are the physical IDs of the resources that a state knows.
type Managed map[string]bool

// LocalManaged reads which resources the project's own state knows, without the CLI.
// With a backend elsewhere, ok is false.
func LocalManaged(p project.Project, stack string) (managed Managed, ok bool, err error) {
	if !OwnBackend() {
		return nil, false, nil
	}
	state, err := localState(p, stack)
	if err != nil {
		return nil, false, err
	}
	return managedBy(state), true, nil
}

// Managed reads which resources the stack's state knows.
func (s *Stack) Managed(ctx context.Context) (Managed, error) {
	if s.Local {
		managed, _, err := LocalManaged(s.project, s.Name())
		return managed, err
	}
	_, state, err := s.resources(ctx)
	if err != nil {
		return nil, err
	}
	return managedBy(&state), nil
}

func managedBy(state *apitype.DeploymentV3) Managed {
	managed := Managed{}
	if state == nil {
		return managed
	}
	for _, r := range state.Resources {
		if r.Custom && r.ID != "" {
			managed[string(r.ID)] = true
		}
	}
	return managed
}

// Unmanaged returns the containers and networks among the objects that the state does
// not know. Volumes and images are not looked at: the program finds those by name. A
// container without a role is somebody's own, which has the stack's label from the
// service's image.
func (m Managed) Unmanaged(objects []dockerhost.Object) []dockerhost.Object {
	var unmanaged []dockerhost.Object
	for _, o := range objects {
		if (o.Kind == "container" && o.Role != "" || o.Kind == "network") && !m[o.ID] {
			unmanaged = append(unmanaged, o)
		}
	}
	return unmanaged
}

// Owner tells which checkout created the objects that the state does not know, as far as
// their labels say, and whether that is not this one. Networks hold no data: they belong
// to the checkout that uses the stack. Without a label they are this checkout's if its state knows
// other resources: an update was killed before it could write down the rest.
func (m Managed) Owner(p project.Project, unmanaged []dockerhost.Object) (owner string, foreign bool) {
	for _, o := range unmanaged {
		if o.Kind == "container" {
			foreign = true
		}
		if o.Checkout != "" {
			owner = o.Checkout
		}
	}
	if owner == "" && len(m) > 0 {
		return "", false
	}
	return owner, foreign && owner != p.Identity()
}

// lostState explains containers that this checkout has no state of, and returns nil
// where there are none.
func (m Managed) lostState(p project.Project, stack string, unmanaged []dockerhost.Object) error {
	if !slices.ContainsFunc(unmanaged, func(o dockerhost.Object) bool { return o.Kind == "container" }) {
		return nil
	}
	owner, foreign := m.Owner(p, unmanaged)
	up := "pipeline up --stack " + stack
	what := fmt.Sprintf("looking for the state of stack %q", stack)
	switch {
	case !foreign && len(m) > 0:
		return problem.New(what, errors.New("an update was interrupted: its state does not know all of its containers"), "continue it: "+up)
	case !foreign:
		return problem.New(what, errors.New("its containers are on the Docker host, and its state is not in this checkout any more"),
			"take the stack over, with its data: "+up)
	case owner == "":
		return problem.New(what, errors.New("its containers are on the Docker host, and its state is not in this checkout"),
			"use the checkout that created it, or move it here with its data: "+up+" --take-over")
	}
	return problem.New(what, fmt.Errorf("its containers are on the Docker host, and it is the stack of another checkout, %s", owner),
		"use that checkout, or move it here with its data: "+up+" --take-over")
}

// FindLostState looks for containers of the stack whose state is not in this checkout,
// and explains them. With a backend elsewhere, or a state that cannot be read, it
// returns nil.
func FindLostState(ctx context.Context, docker client.APIClient, p project.Project, stack string) error {
	managed, ok, err := LocalManaged(p, stack)
	if err != nil || !ok {
		return nil
	}
	objects, err := dockerhost.FindObjects(ctx, docker, stack)
	if err != nil {
		return err
	}
	return managed.lostState(p, stack, managed.Unmanaged(objects))
}
