package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// Fix installs and starts Docker where it can, removes stale locks, and restarts
// what does not work of a stack that is up. Progress lines go to progress.
func Fix(ctx context.Context, s Settings, progress io.Writer) error {
	if err := dockerhost.Ensure(ctx, dockerhost.Machine{}, progress); err != nil {
		return err
	}
	cleared, err := pulumi.ClearStale(s.Project, s.Stack)
	for _, lock := range cleared {
		fmt.Fprintf(progress, "removed the lock of pid %d, which is dead\n", lock.Pid)
	}
	if err != nil || s.ConfigError != nil {
		return err
	}
	settings, release, err := open(ctx, s, progress)
	if errors.Is(err, errDown) || errors.Is(err, pulumi.ErrNone) {
		return nil // nothing runs, or `up` is what helps
	}
	if err != nil {
		return err
	}
	defer release()
	return settings.Repair(ctx, progress)
}

// errDown says that the stack has no container.
var errDown = errors.New("the stack is down")

// RunStack checks the stack itself, as Stack does, with what its state knows of
// the forge.
func RunStack(ctx context.Context, s Settings, progress io.Writer) []Result {
	if s.ConfigError != nil {
		return nil
	}
	settings, release, err := open(ctx, s, progress)
	switch {
	case errors.Is(err, errDown):
		return []Result{{"stack", Info, "down", ""}}
	case errors.Is(err, pulumi.ErrNone):
		return nil // Run says that the state is lost
	case err != nil:
		return []Result{{"stack", Failed, err.Error(), "see pipeline status --stack " + s.Stack}}
	}
	defer release()
	return Stack(ctx, settings)
}

// open connects to the Docker host and to the forge of a stack that is up.
func open(ctx context.Context, s Settings, progress io.Writer) (settings StackSettings, release func(), err error) {
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		return settings, nil, err
	}
	defer func() {
		if err != nil {
			_ = cli.Close()
		}
	}()
	list, err := dockerhost.Containers(ctx, cli, s.Stack)
	if err == nil && len(list) == 0 {
		err = errDown
	}
	if err != nil {
		return settings, nil, err
	}
	outputs, err := pulumi.ReadOutputs(ctx, s.Project, s.Stack, progress)
	if err == nil && pulumi.Text(outputs, "adminPassword") == "" {
		err = pulumi.ErrNone
	}
	if err != nil {
		return settings, nil, err
	}
	pinned, err := artifacts.Gitea.Version(s.Project.Root)
	if err != nil {
		return settings, nil, fmt.Errorf("reading the forge's pinned version: %w", err)
	}
	sets, err := images.Current(ctx, s.Project.Root, s.Config, cli)
	if err != nil {
		return settings, nil, fmt.Errorf("reading the pinned images: %w", err)
	}
	var current []string
	for _, set := range sets {
		current = append(current, set.Gitea, set.Runner, set.JobEngine)
	}
	forge := gitea.New(s.Config.LocalURL(), pulumi.Text(outputs, "adminUser"), pulumi.Text(outputs, "adminPassword"), s.Config.Owner, s.Config.Repository)
	return StackSettings{
		Stack: readiness.For(s.Config, s.Stack, cli, forge), Forge: forge, ForgeVersion: pinned, Images: current,
		Proxies: s.Config.Proxy.Addresses(),
	}, func() { _ = forge.Close(); _ = cli.Close() }, nil
}
