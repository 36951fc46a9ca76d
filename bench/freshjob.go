package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// freshJobScript is what the workflow does, in one container that knows nothing
// yet.
const freshJobScript = `set -euo pipefail
git clone --quiet --depth 1 "$CLONE" /work
cd /work/service
go test -v ./...
go vet ./...
go build -v ./...
docker build --no-cache --build-arg GO_IMAGE \
  --build-arg REVISION="$(git rev-parse HEAD)" --build-arg BUILD_TIME="$(git log -1 --format=%cI)" \
  --tag "$IMAGE:fresh" --tag "$IMAGE:latest" .
mkdir -p ~/.docker
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$AUTH" > ~/.docker/config.json
docker push "$IMAGE:fresh"
docker push "$IMAGE:latest"
`

// freshJob times the first run's work by hand: the floor of row 3.
func (b *bench) freshJob(ctx context.Context, s *stack) (float64, error) {
	goImage, err := s.forge.goImage()
	if err != nil {
		return 0, err
	}
	name := "bench-" + strings.ToLower(rand.Text()[:8])
	b.undone(func(ctx context.Context) error {
		return gone(b.docker.ContainerRemove(ctx, name, container.RemoveOptions{Force: true}))
	})
	registry := fmt.Sprintf("localhost:%d", s.http)
	env := []string{
		"CLONE=" + s.forge.clone(owner, repository), "REGISTRY=" + registry, "AUTH=" + s.forge.auth(),
		"IMAGE=" + registry + "/" + owner + "/by-hand", "GO_IMAGE=" + goImage,
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", "DOCKER_BUILDKIT=1",
	}
	args := []string{"run", "--rm", "--init", "--name", name, "--network", "host", "--volume", "/var/run/docker.sock:/var/run/docker.sock"}
	for _, e := range env {
		variable, _, _ := strings.Cut(e, "=")
		args = append(args, "--env", variable) // the value goes by the environment
	}
	return timed(func() error {
		_, err := command(ctx, "", env, b.cli, append(args, goImage, "bash", "-c", freshJobScript)...)
		return err
	})
}
