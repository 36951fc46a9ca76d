package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// contestant is a service in two forms: as an image, and as a bare program.
type contestant struct{ image, program string }

// service is row 8: the demo service beside a bare net/http handler that
// answers the same.
func (b *bench) service(ctx context.Context) ([]report.Figure, error) {
	s, err := b.busyStack(ctx)
	if err != nil {
		return nil, err
	}
	own, err := b.publishedService(ctx, s)
	if err != nil {
		return nil, err
	}
	floor, err := b.floorService(ctx, s)
	if err != nil {
		return nil, err
	}
	figures, err := b.sizes(ctx, s, own, floor)
	if err != nil {
		return nil, err
	}
	starts, err := b.starts(ctx, own, floor)
	figures = append(figures, starts...)
	if err != nil {
		return figures, err
	}
	load, err := b.load(ctx, own, floor)
	return append(figures, load...), err
}

// publishedService pulls what the pipeline published, and builds the program of
// it with the image's flags.
func (b *bench) publishedService(ctx context.Context, s *stack) (contestant, error) {
	c := contestant{image: fmt.Sprintf("localhost:%d/%s/service:latest", s.http, owner), program: filepath.Join(b.tmp, "service")}
	auth, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: config.AdminUser, Password: s.forge.token})
	if err != nil {
		return c, err
	}
	body, err := b.docker.ImagePull(ctx, c.image, image.PullOptions{RegistryAuth: auth})
	if err != nil {
		return c, fmt.Errorf("pulling the service: %w", err)
	}
	defer body.Close()
	if err := messages(body); err != nil {
		return c, fmt.Errorf("pulling the service: %w", err)
	}
	return c, b.buildProgram(ctx, filepath.Join(s.dir, "service"), c.program)
}

// floorService builds the bare handler as the service is built: the same
// Dockerfile, base and flags.
func (b *bench) floorService(ctx context.Context, s *stack) (contestant, error) {
	c := contestant{image: s.name + "/floor-service:1", program: filepath.Join(b.tmp, "floor-service")}
	dir, err := os.MkdirTemp(b.tmp, "floor-")
	if err != nil {
		return c, err
	}
	for from, to := range map[string]string{
		"bench/floor-service/main.go": "main.go", "service/Dockerfile": "Dockerfile", "service/.dockerignore": ".dockerignore",
	} {
		if err := copyFile(filepath.Join(s.dir, from), filepath.Join(dir, to)); err != nil {
			return c, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module floor\n\ngo 1.26\n"), 0o644); err != nil {
		return c, err
	}
	goImage, err := s.forge.goImage()
	if err != nil {
		return c, err
	}
	b.undone(func(ctx context.Context) error {
		_, err := b.docker.ImageRemove(ctx, c.image, image.RemoveOptions{PruneChildren: true})
		return gone(err)
	})
	if _, err := command(ctx, dir, []string{"DOCKER_BUILDKIT=1"}, b.cli,
		"build", "--build-arg", "GO_IMAGE="+goImage, "--tag", c.image, "."); err != nil {
		return c, err
	}
	return c, b.buildProgram(ctx, dir, c.program)
}

func (b *bench) buildProgram(ctx context.Context, dir, to string) error {
	_, err := command(ctx, dir, []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath"}, "go", "build", "-buildvcs=false", "-ldflags", "-s -w", "-o", to, ".")
	return err
}

// sizes are the image on the engine, and its blobs as they were pushed.
func (b *bench) sizes(ctx context.Context, s *stack, own, floor contestant) ([]report.Figure, error) {
	mega := map[string]float64{}
	for _, name := range []string{own.image, floor.image} {
		info, err := b.docker.ImageInspect(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("looking at image %s: %w", name, err)
		}
		mega[name] = float64(info.Size) / 1e6
	}
	body, _, err := s.forge.manifest(ctx, http.MethodGet, "service", "latest")
	if err != nil {
		return nil, fmt.Errorf("reading the service's manifest: %w", err)
	}
	var manifest struct {
		Config struct{ Size int64 }
		Layers []struct{ Size int64 }
	}
	if err := json.Unmarshal([]byte(body), &manifest); err != nil {
		return nil, fmt.Errorf("reading the service's manifest: %w", err)
	}
	pushed := manifest.Config.Size
	for _, layer := range manifest.Layers {
		pushed += layer.Size
	}
	return []report.Figure{
		{
			Name: "the service's image, unpacked", Unit: report.Megabytes, Samples: []float64{mega[own.image]},
			Floor: &report.Floor{What: "a bare net/http handler in the same kind of container, in all of row 8", Samples: []float64{mega[floor.image]}},
			Goals: []report.Goal{{Of: "p50", Most: 8}},
		},
		{Name: "the service's image, as pushed", Unit: report.Megabytes, Samples: []float64{float64(pushed) / 1e6}, Goals: []report.Goal{{Of: "p50", Most: 8}}},
	}, nil
}
