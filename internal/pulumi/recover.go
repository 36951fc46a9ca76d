package pulumi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// AwaitLocks clears the stack's stale locks, and waits until a Pulumi that has
// outlived its launcher has ended: the launcher's death has interrupted it.
func AwaitLocks(ctx context.Context, p project.Project, stack string, limit time.Duration, progress io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	said := false
	for {
		cleared, err := ClearStale(p, stack)
		if err != nil {
			return err
		}
		for _, lock := range cleared {
			fmt.Fprintf(progress, "removed the lock of pid %d, which is dead\n", lock.Pid)
		}
		held, err := PulumiLocks(p, stack)
		if err != nil || len(held) == 0 {
			return err
		}
		if !said {
			said = true
			fmt.Fprintf(progress, "waiting for Pulumi (pid %d on %s) to let go of the stack, at most %s\n", held[0].Pid, held[0].Hostname, limit)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for Pulumi (pid %d on %s) to let go of the stack: %w", held[0].Pid, held[0].Hostname, ctx.Err())
		case <-tick.C:
		}
	}
}

// Recover cleans up after a killed update: it removes objects that the update had
// begun to create on the Docker host and that no state knows. They are found
// by the exact name that Pulumi noted before it began, and removed only if they
// carry the stack's label. It does nothing when nothing is pending.
func (s *Stack) Recover(ctx context.Context, cli *client.Client, progress io.Writer) error {
	if s.Local {
		state, err := localState(s.project, s.Name())
		if err != nil || state != nil && len(state.PendingOperations) == 0 {
			return err
		}
	}
	exported, state, err := s.resources(ctx)
	if err != nil {
		return err
	}
	if len(state.PendingOperations) == 0 {
		return nil
	}
	fmt.Fprintf(progress, "the last update was interrupted in %d place(s): continuing from there\n", len(state.PendingOperations))
	for _, pending := range state.PendingOperations {
		name, _ := pending.Resource.Inputs["name"].(string)
		if pending.Type != apitype.OperationTypeCreating || name == "" || known(state, pending.Resource.URN) {
			continue
		}
		if err := s.removeOrphan(ctx, cli, pending.Resource.Type.String(), name, progress); err != nil {
			return err
		}
	}
	state.PendingOperations = nil
	if exported.Deployment, err = json.Marshal(state); err != nil {
		return fmt.Errorf("writing the state: %w", err)
	}
	if err := s.Import(ctx, exported); err != nil {
		return fmt.Errorf("clearing the pending operations: %w", err)
	}
	return nil
}

// resources exports the state, and reads it.
func (s *Stack) resources(ctx context.Context) (exported apitype.UntypedDeployment, state apitype.DeploymentV3, err error) {
	if exported, err = s.Export(ctx); err != nil {
		return exported, state, fmt.Errorf("reading the state: %w", err)
	}
	if len(exported.Deployment) == 0 {
		return exported, state, nil
	}
	if err := json.Unmarshal(exported.Deployment, &state); err != nil {
		return exported, state, fmt.Errorf("understanding the state: %w", err)
	}
	return exported, state, nil
}

// URNs are those of the resources of the given logical names, in any order.
func (s *Stack) URNs(ctx context.Context, names ...string) ([]string, error) {
	_, state, err := s.resources(ctx)
	if err != nil {
		return nil, err
	}
	var urns, found []string
	for _, r := range state.Resources {
		if r.Custom && !r.Delete && slices.Contains(names, r.URN.Name()) {
			urns, found = append(urns, string(r.URN)), append(found, r.URN.Name())
		}
	}
	for _, name := range names {
		if !slices.Contains(found, name) {
			return nil, fmt.Errorf("the state of stack %q has no %s", s.Name(), name)
		}
	}
	return urns, nil
}

// known tells whether the state already holds the resource: then the pending
// operation replaces it, and only the name tells the new from the old.
func known(state apitype.DeploymentV3, urn resource.URN) bool {
	for _, r := range state.Resources {
		if r.URN == urn && r.Delete {
			return true
		}
	}
	return false
}

func (s *Stack) removeOrphan(ctx context.Context, cli *client.Client, kind, name string, progress io.Writer) error {
	switch {
	case strings.HasSuffix(kind, ":Container"):
		found, err := cli.ContainerInspect(ctx, name)
		if errdefs.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking at container %s: %w", name, err)
		}
		if found.Config.Labels[naming.StackLabel] != s.Name() {
			return nil
		}
		fmt.Fprintf(progress, "removing the half-made container %s\n", name)
		return dockerhost.RemoveContainer(ctx, cli, found.ID)
	case strings.HasSuffix(kind, ":Network"):
		found, err := cli.NetworkInspect(ctx, name, network.InspectOptions{})
		if errdefs.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking at network %s: %w", name, err)
		}
		if found.Labels[naming.StackLabel] != s.Name() || len(found.Containers) > 0 {
			return nil
		}
		fmt.Fprintf(progress, "removing the half-made network %s\n", name)
		if err := cli.NetworkRemove(ctx, found.ID); err != nil && !errdefs.IsNotFound(err) {
			return fmt.Errorf("removing the half-made network %s: %w", name, err)
		}
	}
	return nil
}
