//go:build e2e

package e2e

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// shared is the stack of sharedStack, once a test has asked for it. Whoever uses it holds inUse.
var (
	shared *project
	inUse  sync.Mutex
)

// sharedStack returns a running stack without a first run, for tests that leave it as it was,
// apart from what they push. They have it one after the other. TestMain removes it.
func sharedStack(t *testing.T) *project {
	t.Helper()
	inUse.Lock()
	t.Cleanup(inUse.Unlock)
	if shared == nil {
		dir, err := os.MkdirTemp("", "gitops-pipeline-e2e-shared-")
		if err != nil {
			t.Fatal(err)
		}
		shared = newProjectIn(t, dir, nil)
		shared.run(t.Context(), shared.upArgs()...).must(t, 0, "is up")
	}
	p := *shared
	p.t = t
	t.Cleanup(p.logFailure)
	return &p
}

// removeShared removes the shared stack and its directory.
func removeShared() error {
	if shared == nil || os.Getenv("E2E_KEEP") != "" {
		return nil
	}
	if err := removeObjects(shared.stack); err != nil {
		return err
	}
	return os.RemoveAll(shared.dir)
}

// removeObjects removes everything on the Docker host that carries a stack's label, and the
// images of its service, which Pulumi removes otherwise.
func removeObjects(stack string) error {
	ctx := context.Background()
	docker, err := dockerhost.NewClient()
	if err != nil {
		return err
	}
	defer docker.Close()
	objects, err := dockerhost.FindObjects(ctx, docker, stack)
	if err != nil {
		return err
	}
	images, err := docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", naming.ServiceImage(stack, "*")))})
	if err != nil {
		return err
	}
	for _, i := range images {
		for _, tag := range i.RepoTags {
			objects = append(objects, dockerhost.Object{Kind: "image", ID: tag, Name: tag})
		}
	}
	return dockerhost.RemoveObjects(ctx, docker, objects)
}
