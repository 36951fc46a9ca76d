package images

import (
	"context"
	"strings"

	"github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// pullOfficial pulls the official images and builds the Debian systems on one of them.
// No image exists only for a build here.
func (b *builder) pullOfficial(ctx context.Context, n names) (layouts, error) {
	g, gctx := errgroup.WithContext(ctx)
	for _, ref := range b.official(n) {
		g.Go(func() error { return b.pull(gctx, ref) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	d := b.pins.Debian
	return nil, b.imagesAtOnce(ctx, nil,
		b.officialRoot(n.forgeRoot, b.officialForgePackages()),
		b.officialRoot(n.jobRoot, strings.Join(d.Job, " ")),
		b.officialRoot(n.jobEngineRoot, strings.Join(d.JobEngine, " ")),
	)
}

// officialRoot builds a Debian system on the official image.
func (b *builder) officialRoot(ref, packages string) recipe {
	return recipe{artifact: "base", ref: ref, args: map[string]string{"DEBIAN": b.pins.Official.Debian, "PACKAGES": packages}}
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
