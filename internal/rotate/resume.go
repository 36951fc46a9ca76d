package rotate

import (
	"context"
	"fmt"
	"io"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// A runner's volume, and the file there that says, unless it is empty, that a rotation has
// disabled the runner at the forge. A runner that somebody else has disabled has none.
const (
	runnerDir    = "/data"
	disabledFile = "disabled-by-rotation"
)

// disable keeps a runner from taking another job, and leaves a note first: an interrupted
// rotation must not leave the runner disabled for good.
func disable(ctx context.Context, cli *client.Client, id, name string, f *gitea.Client) error {
	if err := put(ctx, cli, id, runnerDir, file{name: disabledFile, mode: 0o600, text: []byte(name + "\n")}); err != nil {
		return err
	}
	return f.DisableRunners(ctx, name)
}

// Resume enables the runners again that an interrupted rotation has left disabled. The
// stack may have no runner.
func Resume(ctx context.Context, cli *client.Client, stack string, f *gitea.Client, progress io.Writer) error {
	found, err := dockerhost.Containers(ctx, cli, stack, naming.Runner)
	if err != nil {
		return err
	}
	for _, r := range found {
		note, _, err := get(ctx, cli, r.ID, runnerDir+"/"+disabledFile)
		if err != nil {
			return err
		}
		if note == "" {
			continue
		}
		name := stack + "-" + r.Runner
		if err := f.EnableRunners(ctx, name); err != nil {
			return err
		}
		if err := put(ctx, cli, r.ID, runnerDir, file{name: disabledFile, mode: 0o600}); err != nil {
			return err
		}
		fmt.Fprintf(progress, "enabled runner %s again, which an interrupted rotation had disabled\n", name)
	}
	return nil
}
