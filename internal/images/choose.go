package images

import (
	"context"
	"fmt"
	"io"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// askTimeout bounds the questions to the image registries.
const askTimeout = 5 * time.Second

// OfficialAvailable returns what keeps a stack of the project at root from using
// the official images, and nil where the Docker host has or can get all of them.
func OfficialAvailable(ctx context.Context, root string, docker *client.Client) error {
	p, err := readPins(root)
	if err != nil {
		return err
	}
	b := &builder{root: root, pins: p, docker: docker}
	n, err := b.officialNames()
	if err != nil {
		return err
	}
	missing, err := b.missing(ctx, n.all()...)
	if err != nil || len(missing) == 0 {
		return err
	}
	if missing, err = b.missing(ctx, b.official(n)...); err != nil {
		return err
	}
	return ask(ctx, missing, docker)
}

// choose decides between official and source images by what is available.
func (b *builder) choose(ctx context.Context, source, official names) (config.ImageSource, error) {
	for _, set := range []names{source, official} {
		missing, err := b.missing(ctx, set.all()...)
		if err != nil {
			return "", err
		}
		if len(missing) == 0 {
			return set.mode, nil
		}
	}
	// Official images that are on the host do not count: they may be left from
	// something else, and a stack's choice must not depend on that.
	return decide(ctx, b.official(official), b.docker, b.out), nil
}

// imageRegistry is the method of the Docker host's API that asks a registry.
type imageRegistry interface {
	DistributionInspect(ctx context.Context, image, encodedAuth string) (registry.DistributionInspect, error)
}

// decide asks for the official images.
func decide(ctx context.Context, refs []string, r imageRegistry, out io.Writer) config.ImageSource {
	if err := ask(ctx, refs, r); err != nil {
		fmt.Fprintf(out, "images: from source, as %v\n", err)
		return config.ImagesFromSource
	}
	fmt.Fprintln(out, "images: official, as the Docker host can get each of them")
	return config.ImagesOfficial
}

// ask asks for images all at once; its error names one that is not available.
func ask(ctx context.Context, refs []string, r imageRegistry) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, ref := range refs {
		g.Go(func() error {
			if _, err := r.DistributionInspect(ctx, ref, ""); err != nil {
				return fmt.Errorf("the Docker host cannot get %s (%w)", ref, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// missing returns those of refs that are not on the Docker host.
func (b *builder) missing(ctx context.Context, refs ...string) ([]string, error) {
	var missing []string
	for _, ref := range refs {
		_, err := b.docker.ImageInspect(ctx, ref)
		switch {
		case cerrdefs.IsNotFound(err):
			missing = append(missing, ref)
		case err != nil:
			return nil, fmt.Errorf("looking for image %s: %w", ref, err)
		}
	}
	return missing, nil
}
