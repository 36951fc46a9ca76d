// Package images makes the container images that the stack and its jobs use
// available on the Docker host. Both ways to get them share their Dockerfiles:
// on official images, or on what is built from Go modules and Debian packages.
package images

import (
	"context"
	"fmt"
	"io"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// Images are references of images on the Docker host.
type Images struct {
	Mode      config.ImageSource // what was chosen: ImagesOfficial or ImagesFromSource
	Gitea     string
	Runner    string
	Job       string // what jobs run in, and what builds the service
	JobEngine string // a job engine, which has the job image
}

// Resolve decides where the images of a stack come from, as its configuration says, and
// makes sure that those which have to be built are on the Docker host. Auto takes a set that is complete on
// the host, the one from source first. Without one it asks the image
// registries, through the host, and takes the official images if all answer.
func Resolve(ctx context.Context, root string, cfg config.Config, progress io.Writer) (Images, error) {
	docker, err := dockerhost.NewClient()
	if err != nil {
		return Images{}, fmt.Errorf("connecting to the Docker host: %w", err)
	}
	defer docker.Close()
	p, err := readPins(root)
	if err != nil {
		return Images{}, err
	}
	b := &builder{root: root, pins: p, frontend: cfg.Frontend, docker: docker, out: artifacts.NewProgress(progress)}
	if err := b.pullStocked(ctx, cfg.Runner.Images); err != nil {
		return Images{}, err
	}
	source, err := b.sourceNames()
	if err != nil {
		return Images{}, err
	}
	official, err := b.officialNames()
	if err != nil {
		return Images{}, err
	}
	mode := cfg.Images
	if mode == config.ImagesAuto {
		if mode, err = b.choose(ctx, source, official); err != nil {
			return Images{}, err
		}
	}
	if mode == config.ImagesOfficial {
		return official.images(), b.make(ctx, official, b.pullOfficial)
	}
	return source.images(), b.make(ctx, source, b.buildSource)
}

// make builds what a set lacks. get fetches or builds what the set is built on,
// and returns how the images that exist only for a build are laid out.
func (b *builder) make(ctx context.Context, n names, get func(context.Context, names) (layouts, error)) error {
	missing, err := b.missing(ctx, n.all()...)
	if err != nil || len(missing) == 0 {
		return err
	}
	lay, err := get(ctx, n)
	if err != nil {
		return err
	}
	if err := b.imagesAtOnce(ctx, lay,
		recipe{artifact: "gitea", ref: n.gitea, args: map[string]string{"ROOTFS": n.forgeRoot, "PROGRAM": n.giteaProgram}},
		recipe{artifact: "runner", ref: n.runner, args: map[string]string{"ROOTFS": n.jobEngineRoot, "PROGRAM": n.runnerProgram}},
		recipe{artifact: "job", ref: n.job, args: map[string]string{"ROOTFS": n.jobRoot, "GO": n.gos, "NODE": n.node}},
	); err != nil {
		return err
	}
	for _, r := range []recipe{
		{artifact: "stock", ref: n.stock, args: map[string]string{"ROOTFS": n.jobEngineRoot}, stage: b.stock(ctx, n)},
		{artifact: "jobengine", ref: n.jobEngine, args: map[string]string{"ROOTFS": n.stock}},
	} {
		if err := b.image(ctx, r, nil); err != nil {
			return err
		}
	}
	return nil
}
