package images

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
)

// pullOfficial pulls the official images and builds the Debian systems on one of them.
// No image exists only for a build here.
func (b *builder) pullOfficial(ctx context.Context, n names) (layouts, error) {
	g, gctx := errgroup.WithContext(ctx)
	for _, ref := range b.official(n) {
		g.Go(func() error {
			return b.pull(gctx, ref, "give the Docker daemon a way to the registry, or build it from source: pulumi config set images source")
		})
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
