package rows

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
)

// handwork does by hand what the pipeline does after a push: the baseline of row 1.
type handwork struct {
	dir     string   // the checkout it works in
	env     []string // of the steps
	figures []report.Figure
}

// steps are the workflow's steps as shell scripts.
var steps = []struct{ name, script string }{
	{"test", "go test -v ./..."},
	{"vet", "go vet ./..."},
	{"build", "go build -v -o /dev/null ./..."},
	{"build the image", `$DOCKER build $CACHE --build-arg GO_IMAGE --build-arg REVISION="$(git rev-parse HEAD)" ` +
		`--build-arg BUILD_TIME="$(git log -1 --format=%cI)" --tag "$IMAGE:by-hand" --tag "$IMAGE:latest" .`},
	{"push the image", `$DOCKER push "$IMAGE:by-hand" && $DOCKER push "$IMAGE:latest"`},
}

// environment returns what the steps need: the docker command, the Go image, and variables.
func environment(ctx context.Context, s *stack.Stack) (docker, goImage string, env []string, err error) {
	if docker, err = stack.DockerCommand(ctx); err != nil {
		return "", "", nil, err
	}
	goImage, err = s.Forge.GoImage()
	return docker, goImage, []string{
		"IMAGE=" + s.Registry() + "/" + stack.Owner + "/by-hand", "GO_IMAGE=" + goImage,
		"CLONE=" + s.Forge.Clone(stack.Repository), "REGISTRY=" + s.Registry(), "AUTH=" + s.Forge.Auth(),
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", "DOCKER_BUILDKIT=1",
	}, err
}

func newHandwork(ctx context.Context, s *stack.Stack) (*handwork, error) {
	docker, _, env, err := environment(ctx, s)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.Site.Dir, "by-hand-")
	if err != nil {
		return nil, err
	}
	h := &handwork{dir: filepath.Join(dir, "project"), env: append(env, "DOCKER="+docker, "DOCKER_CONFIG="+dir)}
	for _, step := range steps {
		h.figures = append(h.figures, report.Figure{Row: 1, Name: "by hand: " + step.name, Unit: report.Seconds})
	}
	if _, err := stack.Git(ctx, dir, "clone", "--quiet", s.Dir, h.dir); err != nil {
		return nil, err
	}
	auth := fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, s.Registry(), s.Forge.Auth())
	return h, os.WriteFile(filepath.Join(dir, "config.json"), auth, 0o600)
}

// work changes the service and times the workflow's steps on the change.
func (h *handwork) work(ctx context.Context, keep bool) (total float64, err error) {
	if _, err := changeService(ctx, h.dir); err != nil {
		return 0, err
	}
	for i, step := range steps {
		took, err := timed(func() error {
			_, err := stack.Output(ctx, filepath.Join(h.dir, "service"), h.env, "sh", "-ec", step.script)
			return err
		})
		if err != nil {
			return 0, err
		}
		if total += took; keep {
			h.figures[i].Record(took, nil)
		}
	}
	return total, nil
}

// firstJob does the first run's work by hand and times it: the baseline of row 3.
func firstJob(ctx context.Context, s *stack.Stack) (float64, error) {
	docker, goImage, env, err := environment(ctx, s)
	if err != nil {
		return 0, err
	}
	script := `git clone --quiet --depth 1 "$CLONE" /work; cd /work/service; mkdir -p ~/.docker; ` +
		`printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$AUTH" > ~/.docker/config.json`
	for _, step := range steps {
		script += "; " + step.script
	}
	args := []string{"run", "--rm", "--init", "--network", "host", "--volume", "/var/run/docker.sock:/var/run/docker.sock"}
	for _, e := range append(env, "DOCKER=docker", "CACHE=--no-cache") {
		args = append(args, "--env", e)
	}
	return timed(func() error {
		_, err := stack.Output(ctx, "", nil, docker, append(args, goImage, "bash", "-ec", script)...)
		return err
	})
}
