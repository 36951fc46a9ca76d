package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// builder builds images on one Docker host.
type builder struct {
	root     string
	pins     pins
	frontend bool // whether Gitea from source gets its frontend
	docker   *client.Client
	out      *artifacts.Progress
	stocked  []stocked
}

// recipe says how an image is built.
type recipe struct {
	artifact string // directory below images/ with its Dockerfile, and the value of its label
	ref      string
	args     map[string]string      // of the build
	stage    func(dir string) error // adds files to the build's context; may be nil
}

// layouts lay out the files of images that exist only while another is built
// from them, by reference.
type layouts map[string]func(dir string) error

// beside names what a Dockerfile copies from its own directory.
var beside = map[string][]string{"job": {"docker.sh", "warm_test.go"}}

// programs are the programs that an artifact's Dockerfile copies, built from this
// project's own packages.
var programs = map[string][]artifacts.Binary{
	"gitea":     {artifacts.ForgeStart},
	"jobengine": {artifacts.JobEngine, artifacts.OCIWrapper},
	"runner":    {artifacts.RunnerSupervisor},
}

// programHashes returns the hashes of the programs of an artifact.
func programHashes(root, artifact string) ([]string, error) {
	var hashes []string
	for _, p := range programs[artifact] {
		h, err := p.Hash(root)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// sources returns an artifact's files below images/, the Dockerfile first.
func sources(artifact string) []string {
	files := []string{filepath.Join(artifact, "Dockerfile")}
	for _, f := range beside[artifact] {
		files = append(files, filepath.Join(artifact, f))
	}
	return files
}

// imagesAtOnce builds images that do not depend on each other.
func (b *builder) imagesAtOnce(ctx context.Context, lay layouts, recipes ...recipe) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, r := range recipes {
		g.Go(func() error { return b.image(ctx, r, lay) })
	}
	return g.Wait()
}

// image builds an image. It does nothing when the Docker host has it already.
func (b *builder) image(ctx context.Context, r recipe, lay layouts) error {
	missing, err := b.missing(ctx, r.ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	cache, err := artifacts.CacheDir()
	if err != nil {
		return err
	}
	_, name, _ := strings.Cut(r.ref, "/")
	name, _, _ = strings.Cut(name, ":")
	unlock, err := artifacts.Lock(ctx, filepath.Join(cache, "image-"+name+".lock"), "image "+name, b.out)
	if err != nil {
		return err
	}
	defer unlock()
	if missing, err = b.missing(ctx, r.ref); err != nil || len(missing) == 0 {
		return err
	}
	return b.out.Step("image "+r.ref, func() (err error) {
		dir, err := os.MkdirTemp("", "gitops-pipeline-"+r.artifact+"-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := b.stageContext(ctx, r, dir); err != nil {
			return err
		}
		for _, from := range r.args {
			if lay[from] == nil {
				continue
			}
			// The build copies from it; nothing else needs it.
			defer func() { err = errors.Join(err, b.removeImage(ctx, from)) }()
			if err := b.importDir(ctx, r.artifact, from, lay[from]); err != nil {
				return err
			}
		}
		return b.dockerBuild(ctx, dir, r)
	})
}

// dockerBuild builds with the builder that every Docker host has.
func (b *builder) dockerBuild(ctx context.Context, dir string, r recipe) error {
	tar, err := contextTar(dir)
	if err != nil {
		return err
	}
	defer tar.Close()
	buildArgs := map[string]*string{}
	for k, v := range r.args {
		buildArgs[k] = &v
	}
	proxies, err := dockerhost.Proxies(b.docker.DaemonHost())
	if err != nil {
		return err
	}
	maps.Copy(proxies, artifacts.Proxies(ctx))
	for k, v := range proxies { // builders know these without ARG, and keep them out of the image
		buildArgs[k] = &v
	}
	options := build.ImageBuildOptions{
		Tags: []string{r.ref}, BuildArgs: buildArgs, Remove: true, ForceRemove: true,
		Labels: map[string]string{naming.ArtifactLabel: r.artifact}, Version: build.BuilderV1,
	}
	if dockerhost.LoopbackProxy(proxies) {
		options.NetworkMode = "host"
	}
	resp, err := b.docker.ImageBuild(ctx, tar, options)
	if err != nil {
		return fmt.Errorf("building image %s: %w", r.ref, err)
	}
	defer resp.Body.Close()
	if err := messages(resp.Body); err != nil {
		return fmt.Errorf("building image %s: %w", r.ref, err)
	}
	return nil
}

// importDir makes an image of the files that lay puts into a directory.
func (b *builder) importDir(ctx context.Context, artifact, ref string, lay func(dir string) error) error {
	dir, err := os.MkdirTemp("", "gitops-pipeline-"+artifact+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := lay(dir); err != nil {
		return err
	}
	tar, err := contextTar(dir)
	if err != nil {
		return err
	}
	defer tar.Close()
	return b.importTar(ctx, artifact, ref, tar)
}

// importTar makes an image of a root file system.
func (b *builder) importTar(ctx context.Context, artifact, ref string, tar io.Reader) error {
	body, err := b.docker.ImageImport(ctx, image.ImportSource{Source: tar, SourceName: "-"}, ref,
		image.ImportOptions{Changes: []string{"LABEL " + naming.ArtifactLabel + "=" + artifact}})
	if err != nil {
		return fmt.Errorf("importing %s: %w", ref, err)
	}
	defer body.Close()
	return messages(body)
}

// removeImage removes an image, also when ctx has ended.
func (b *builder) removeImage(ctx context.Context, ref string) error {
	ctx = context.WithoutCancel(ctx)
	if missing, err := b.missing(ctx, ref); err != nil || len(missing) > 0 {
		return err
	}
	if _, err := b.docker.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true}); err != nil {
		return fmt.Errorf("removing image %s: %w", ref, err)
	}
	return nil
}

// messages reads the Docker host's progress stream to its end and returns the
// error it carries, with the last lines of output before it.
func messages(r io.Reader) error {
	var log strings.Builder
	dec := json.NewDecoder(r)
	for {
		var m struct {
			Stream, Status, Error string
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the Docker host's answer: %w", err)
		}
		log.WriteString(m.Stream)
		if m.Error != "" {
			return errors.New(strings.TrimRight(m.Error+"\n"+artifacts.Tail(log.String()), "\n"))
		}
	}
}
