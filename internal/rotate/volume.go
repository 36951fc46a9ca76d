package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// How long to wait.
const (
	healthyWithin = 2 * time.Minute
	stopGrace     = 30 // seconds
)

// gitUser owns the forge's files in its container.
const gitUser = 1000

// OnVolume replaces secrets of the forge: it writes a request to the forge's volume and
// restarts it, as no secret may change while Gitea runs. forge-start does the rest, and
// completes at its next start what was interrupted. rekey is the program that encrypts
// the database with a new key.
func OnVolume(ctx context.Context, cli *client.Client, stack string, secrets []Secret, rekey string) error {
	found, err := containers(ctx, cli, stack, naming.Forge)
	if err != nil {
		return err
	}
	id := found[0].ID
	program, err := os.ReadFile(rekey)
	if err != nil {
		return fmt.Errorf("reading the program that encrypts the database with the new key: %w", err)
	}
	var names []string
	for _, s := range secrets {
		names = append(names, s.Name)
	}
	// The request is written last: without it, the other files have no effect.
	if err := put(ctx, cli, id, "/etc/gitea",
		file{name: "rotate/", mode: 0o700, uid: gitUser, dir: true},
		file{name: "rotate/gitea-rekey", mode: 0o700, uid: gitUser, text: program},
		file{name: "rotate/request", mode: 0o600, uid: gitUser, text: []byte(strings.Join(names, "\n") + "\n")},
	); err != nil {
		return err
	}
	grace := stopGrace
	if err := cli.ContainerRestart(ctx, id, container.StopOptions{Timeout: &grace}); err != nil {
		return problem.New("restarting the forge", err, "repeat the command")
	}
	if err := awaitHealthy(ctx, cli, id, "the forge"); err != nil {
		return problem.New("restarting the forge", err, fmt.Sprintf("see its log: docker logs %.12s; then repeat the command", id))
	}
	if _, waits, err := get(ctx, cli, id, "/etc/gitea/rotate/request"); err != nil {
		return err
	} else if waits {
		return problem.New("rotating what is on the forge's volume", errors.New("the forge's container is older than this launcher"),
			"run: pipeline up --stack "+stack+"; then repeat the command")
	}
	why, failed, err := get(ctx, cli, id, "/etc/gitea/rotate/failed")
	if err != nil {
		return err
	}
	if failed {
		return problem.New("rotating secret-key (it stays as it was)", errors.New(strings.TrimSpace(why)),
			"fix what it says, then repeat the command")
	}
	return nil
}
