package images

import (
	"context"
	"strings"

	"github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// pullOfficial pulls the official images and makes the two Debian systems of
// one of them. No image exists only for a build here.
func (b *builder) pullOfficial(ctx context.Context, n names) (layouts, error) {
	g, gctx := errgroup.WithContext(ctx)
	for _, ref := range b.official(n) {
		g.Go(func() error { return b.pull(gctx, ref) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return nil, b.imagesAtOnce(ctx, nil,
		recipe{artifact: "base", ref: n.os, args: map[string]string{"DEBIAN": b.pins.Official.Debian, "PACKAGES": b.officialPackages()}},
		recipe{artifact: "base", ref: n.jobEngineRoot, args: map[string]string{"DEBIAN": b.pins.Official.Debian, "PACKAGES": strings.Join(b.pins.Debian.JobEngine, " ")}},
	)
}

func (b *builder) pull(ctx context.Context, ref string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	return b.out.Doing("pulling", "pulled", ref, func() error {
		body, err := b.docker.ImagePull(ctx, ref, image.PullOptions{})
		if err == nil {
			defer body.Close()
			err = messages(body)
		}
		if err != nil {
			return problem.New("pulling "+ref, err, "give the Docker daemon a way to the registry, or build it from source: pulumi config set images source")
		}
		return nil
	})
}
