package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/moby/go-archive"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// builder builds images on one engine.
type builder struct {
	root   string
	pins   pins
	docker *client.Client
	out    *artifacts.Progress
}

// beside names what a part's Dockerfile copies from its own folder.
var beside = map[string][]string{"engine": {"entrypoint.sh", "inside.sh"}, "job": {"warm_test.go"}}

// programs are what a part's Dockerfile copies from its own directory and is built from
// this project's own packages, in the official images as in those from source.
var programs = map[string][]artifacts.Binary{"engine": {artifacts.JobEngine}}

// programHashes are the hashes of the programs of a part.
func programHashes(root, part string) ([]string, error) {
	var hashes []string
	for _, p := range programs[part] {
		h, err := p.Hash(root)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// stagePrograms puts a part's programs into the directory of its build.
func (b *builder) stagePrograms(ctx context.Context, part, dir string) error {
	for _, p := range programs[part] {
		program, err := p.Build(ctx, b.root, b.out)
		if err != nil {
			return err
		}
		if err := copyFile(program, filepath.Join(dir, p.Name()), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// sources are a part's files below images/, the Dockerfile first.
func sources(part, dockerfile string) []string {
	files := []string{filepath.Join(part, dockerfile)}
	for _, f := range beside[part] {
		files = append(files, filepath.Join(part, f))
	}
	return files
}

// image builds the image ref from the part's own files and those that stage
// adds to them. It does nothing when the engine has ref already.
func (b *builder) image(ctx context.Context, part, dockerfile, ref string, args map[string]string, stage func(dir string) error) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	cache, err := artifacts.CacheDir()
	if err != nil {
		return err
	}
	unlock, err := artifacts.Lock(ctx, filepath.Join(cache, "image-"+part+".lock"), "image "+part, b.out)
	if err != nil {
		return err
	}
	defer unlock()
	if missing, err = b.missing(ctx, ref); err != nil || len(missing) == 0 {
		return err
	}
	dir, err := os.MkdirTemp("", "gitops-pipeline-"+part+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return b.out.Step("image "+ref, func() error {
		for i, f := range sources(part, dockerfile) {
			to := "Dockerfile"
			if i > 0 {
				to = filepath.Base(f)
			}
			mode := os.FileMode(0o644)
			if filepath.Ext(f) == ".sh" {
				mode = 0o755
			}
			if err := copyFile(filepath.Join(b.root, "images", f), filepath.Join(dir, to), mode); err != nil {
				return err
			}
		}
		if err := b.stagePrograms(ctx, part, dir); err != nil {
			return err
		}
		if stage != nil {
			if err := stage(dir); err != nil {
				return err
			}
		}
		return b.dockerBuild(ctx, dir, part, ref, args)
	})
}

func (b *builder) dockerBuild(ctx context.Context, dir, part, ref string, args map[string]string) error {
	tar, err := archive.TarWithOptions(dir, &archive.TarOptions{ChownOpts: &archive.ChownOpts{}})
	if err != nil {
		return err
	}
	defer tar.Close()
	buildArgs := map[string]*string{}
	for k, v := range args {
		buildArgs[k] = &v
	}
	resp, err := b.docker.ImageBuild(ctx, tar, build.ImageBuildOptions{
		Tags: []string{ref}, BuildArgs: buildArgs, Remove: true, ForceRemove: true,
		Labels: map[string]string{naming.ArtifactLabel: part}, Version: build.BuilderV1,
	})
	if err != nil {
		return fmt.Errorf("building image %s: %w", ref, err)
	}
	defer resp.Body.Close()
	if err := messages(resp.Body); err != nil {
		return fmt.Errorf("building image %s: %w", ref, err)
	}
	return nil
}

// load imports a root file system as the image ref.
func (b *builder) load(ctx context.Context, part, ref, tarball string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	body, err := b.docker.ImageImport(ctx, image.ImportSource{Source: f, SourceName: "-"}, ref,
		image.ImportOptions{Changes: []string{"LABEL " + naming.ArtifactLabel + "=" + part}})
	if err != nil {
		return fmt.Errorf("importing %s: %w", ref, err)
	}
	defer body.Close()
	return messages(body)
}

// messages reads the engine's progress stream to its end and returns the error
// it carries, with the last lines of output before it.
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
			return fmt.Errorf("reading the engine's answer: %w", err)
		}
		log.WriteString(m.Stream)
		if m.Error != "" {
			return fmt.Errorf("%s\n%s", m.Error, artifacts.Tail(log.String()))
		}
	}
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return out.Close()
}
