package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// handwork is what the pipeline does with a push, done by hand on the host: the
// floor of row 1.
type handwork struct {
	b        *bench
	dir      string // a checkout
	image    string // in the forge's registry, beside the pipeline's
	goImage  string
	dockerIn string // DOCKER_CONFIG, signed in
	took     [len(handSteps)]samples
}

// handSteps are the workflow's steps that are done by hand.
var handSteps = [...]string{"test", "vet", "build", "build the image", "push the image"}

func (b *bench) newHandwork(ctx context.Context, s *stack) (*handwork, error) {
	h := &handwork{b: b, image: fmt.Sprintf("localhost:%d/%s/by-hand", s.http, owner)}
	var err error
	if h.dir, err = os.MkdirTemp(b.tmp, "by-hand-"); err != nil {
		return nil, err
	}
	if err := git(ctx, h.dir, "clone", "--quiet", s.dir, "."); err != nil {
		return nil, err
	}
	// What `go build` leaves in the folder is no change.
	if err := os.WriteFile(filepath.Join(h.dir, ".git", "info", "exclude"), []byte("/service/service\n"), 0o644); err != nil {
		return nil, err
	}
	if h.goImage, err = s.forge.goImage(); err != nil {
		return nil, err
	}
	h.dockerIn, err = b.signedIn(s.forge, fmt.Sprintf("localhost:%d", s.http))
	return h, err
}

// goImage is what the service is built with, and what jobs run in.
func (f *forge) goImage() (string, error) {
	const name = "GO_IMAGE"
	v, _, err := f.GetRepoActionVariable(owner, repository, name)
	if err != nil {
		return "", fmt.Errorf("reading the variable %s: %w", name, err)
	}
	return v.Value, nil
}

// signedIn makes a Docker configuration with the token for a registry.
func (b *bench) signedIn(f *forge, registry string) (string, error) {
	dir, err := os.MkdirTemp(b.tmp, "docker-")
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]any{"auths": map[string]any{registry: map[string]string{"auth": f.auth()}}})
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600)
}

// work changes the service, and times what the workflow's steps do with it.
func (h *handwork) work(ctx context.Context) (float64, error) {
	if err := changeService(h.dir); err != nil {
		return 0, err
	}
	commit, err := commitAll(ctx, h.dir)
	if err != nil {
		return 0, err
	}
	when, err := command(ctx, h.dir, nil, "git", "log", "-1", "--format=%cI")
	if err != nil {
		return 0, err
	}
	commands := [len(handSteps)][][]string{
		{{"go", "test", "-v", "./..."}},
		{{"go", "vet", "./..."}},
		{{"go", "build", "-v", "./..."}},
		{{
			h.b.cli, "build", "--build-arg", "GO_IMAGE=" + h.goImage,
			"--build-arg", "REVISION=" + commit, "--build-arg", "BUILD_TIME=" + strings.TrimSpace(when),
			"--tag", h.image + ":" + commit, "--tag", h.image + ":latest", ".",
		}},
		{{h.b.cli, "push", h.image + ":" + commit}, {h.b.cli, "push", h.image + ":latest"}},
	}
	return timed(func() error {
		for i := range commands {
			took, err := timed(func() error { return h.step(ctx, commands[i]) })
			if err != nil {
				return err
			}
			h.took[i].add(took)
		}
		return nil
	})
}

func (h *handwork) step(ctx context.Context, commands [][]string) error {
	env := []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath", "DOCKER_BUILDKIT=1", "DOCKER_CONFIG=" + h.dockerIn}
	for _, words := range commands {
		if _, err := command(ctx, filepath.Join(h.dir, "service"), env, words[0], words[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// figures are the steps, without the first time, which only warmed up.
func (h *handwork) figures() []report.Figure {
	var all []report.Figure
	for i, name := range handSteps {
		took := samples{values: h.took[i].values[1:]}
		all = append(all, took.take(report.Figure{Name: "by hand: " + name, Unit: report.Seconds}))
	}
	return all
}
