// Package images makes the container images that the stack and its jobs use
// available on the Docker host: the official ones, or ones built from source.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// Images are references of images on the host's engine.
type Images struct {
	Mode   config.ImageSource // what was chosen: ImagesOfficial or ImagesFromSource
	Gitea  string
	Runner string
	Job    string // what jobs run in, and what builds the service
	Engine string // a Docker engine for jobs, which has the job image
}

// askTimeout bounds the one question to the image registry.
const askTimeout = 5 * time.Second

// Resolve decides where the images come from and makes sure that those which
// have to be built are on the engine. Auto takes the source images when all of
// the current pins are there; else it asks the registry once, through the
// engine, and takes the official ones if it answers.
func Resolve(ctx context.Context, root string, mode config.ImageSource, progress io.Writer) (Images, error) {
	docker, err := dockerhost.NewClient()
	if err != nil {
		return Images{}, fmt.Errorf("connecting to the Docker engine: %w", err)
	}
	defer docker.Close()
	p, err := readPins(root)
	if err != nil {
		return Images{}, err
	}
	out := artifacts.NewProgress(progress)
	b := &builder{root: root, pins: p, docker: docker, out: out}
	source, err := b.names()
	if err != nil {
		return Images{}, err
	}
	if mode == config.ImagesAuto {
		mode, err = b.choose(ctx, source)
		if err != nil {
			return Images{}, err
		}
	}
	if mode == config.ImagesOfficial {
		return b.official(ctx)
	}
	return source.images(), b.buildAll(ctx, source)
}

// choose decides between official and source images by looking.
func (b *builder) choose(ctx context.Context, source names) (config.ImageSource, error) {
	missing, err := b.missing(ctx, source.all()...)
	if err != nil {
		return "", err
	}
	if len(missing) == 0 {
		return config.ImagesFromSource, nil
	}
	gitea, _, err := official(b.root)
	if err != nil {
		return "", err
	}
	return decide(ctx, gitea, b.docker, b.out), nil
}

// imageRegistry is the part of the engine's API that asks a registry.
type imageRegistry interface {
	DistributionInspect(ctx context.Context, image, encodedAuth string) (registry.DistributionInspect, error)
}

// decide asks for one official image.
func decide(ctx context.Context, ref string, r imageRegistry, out io.Writer) config.ImageSource {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if _, err := r.DistributionInspect(ctx, ref, ""); err != nil {
		fmt.Fprintf(out, "images: from source, as the engine cannot get %s (%v)\n", ref, err)
		return config.ImagesFromSource
	}
	fmt.Fprintf(out, "images: official, as the engine can get %s\n", ref)
	return config.ImagesOfficial
}

// missing returns those of refs that are not on the engine.
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

// official pulls the released images and builds those that add to one.
func (b *builder) official(ctx context.Context) (Images, error) {
	gitea, runner, err := official(b.root)
	if err != nil {
		return Images{}, err
	}
	o := b.pins.Official
	for _, ref := range []string{gitea, runner, o.Engine, o.Go} {
		if err := b.pull(ctx, ref); err != nil {
			return Images{}, err
		}
	}
	images := Images{Mode: config.ImagesOfficial, Gitea: gitea}
	if images.Runner, err = b.derived(ctx, "runner", "RUNNER", runner); err != nil {
		return Images{}, err
	}
	if images.Job, err = b.derived(ctx, "job", "GO", o.Go); err != nil {
		return Images{}, err
	}
	engine, err := b.derived(ctx, "engine", "ENGINE", o.Engine)
	if err != nil {
		return Images{}, err
	}
	if images.Engine, err = b.officialName("stocked-engine", "Dockerfile", engine, images.Job); err != nil {
		return Images{}, err
	}
	return images, b.stockedEngine(ctx, images.Engine, engine, images.Job)
}

func (b *builder) pull(ctx context.Context, ref string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	return b.out.Step(ref, func() error {
		body, err := b.docker.ImagePull(ctx, ref, image.PullOptions{})
		if err != nil {
			return fmt.Errorf("pulling %s: %w; to build it instead: pulumi config set images source", ref, err)
		}
		defer body.Close()
		return errors.Join(messages(body))
	})
}
