package main

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
)

// part is the part in an image's name.
func part(ref string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(ref, "gitops-pipeline/"), ":")
	return name
}

// parents are the build arguments that name what an image stands on.
func (p *partsBuild) parents(ctx context.Context, ref string) (map[string]*string, error) {
	dockerfile, err := os.ReadFile(filepath.Join(p.s.dir, "images", part(ref), "Dockerfile"))
	if err != nil {
		return nil, err
	}
	args := map[string]*string{}
	for argument, root := range map[string]struct{ part, user string }{
		"OS": {"os", "gitea"}, "ROOTFS": {"engine-rootfs", "runner"}, "ENGINE": {"engine-rootfs", "runner"},
	} {
		if !strings.Contains(string(dockerfile), "ARG "+argument+"\n") {
			continue
		}
		name, err := p.root(ctx, root.part, root.user)
		if err != nil {
			return nil, err
		}
		args[argument] = &name
	}
	return args, nil
}

// root finds the root file system of which an image that was just built has the
// first layer.
func (p *partsBuild) root(ctx context.Context, rootPart, user string) (string, error) {
	at := slices.IndexFunc(p.images, func(ref string) bool { return part(ref) == user })
	if at < 0 {
		return "", fmt.Errorf("`parts` named no image of %s", user)
	}
	built, err := p.b.docker.ImageInspect(ctx, p.images[at])
	if err != nil {
		return "", err
	}
	list, err := p.b.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", "gitops-pipeline/"+rootPart))})
	if err != nil {
		return "", err
	}
	for _, candidate := range list {
		info, err := p.b.docker.ImageInspect(ctx, candidate.ID)
		if err != nil || info.RootFS.Layers[0] != built.RootFS.Layers[0] {
			continue
		}
		name := candidate.RepoTags[0]
		if p.cache != "" && !slices.Contains(p.roots, name) {
			p.roots = append(p.roots, name)
		}
		return name, nil
	}
	return "", fmt.Errorf("finding the root file system of %s", p.images[at])
}

// context lays out what an image's Dockerfile copies.
func (p *partsBuild) context(ctx context.Context, ref string) (string, error) {
	dir, err := os.MkdirTemp(p.b.tmp, "context-")
	if err != nil {
		return "", err
	}
	from := filepath.Join(p.s.dir, "images", part(ref))
	for _, name := range []string{"Dockerfile", "entrypoint.sh", "inside.sh", "warm_test.go"} {
		if err := copyFile(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			return "", err
		}
	}
	made, err := p.b.docker.ContainerCreate(ctx, &container.Config{Image: ref, Cmd: []string{"none"}}, nil, nil, nil, "")
	if err != nil {
		return "", err
	}
	remove := func(ctx context.Context) error {
		return gone(p.b.docker.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true}))
	}
	p.b.undone(remove)
	for inImage, inContext := range map[string]map[string]string{
		"gitea":  {"/app/gitea/static": "", "/app/gitea/gitea": ""},
		"runner": {"/usr/local/bin/gitea-runner": ""},
		"job":    {"/usr/local/go": ""},
	}[part(ref)] {
		if err := p.unpack(ctx, made.ID, inImage, filepath.Join(dir, inContext)); err != nil {
			return "", err
		}
	}
	if part(ref) == "stocked-engine" { // laying it out is no image build
		if err := p.save(ctx, made.ID, "/usr/local/share/engine/stock", filepath.Join(dir, "stock.tar")); err != nil {
			return "", err
		}
	}
	if part(ref) == "gitea" {
		if err := p.rootless(ctx, filepath.Join(dir, "rootless")); err != nil {
			return "", err
		}
	}
	return dir, remove(ctx)
}

// rootless copies the scripts of Gitea's own image.
func (p *partsBuild) rootless(ctx context.Context, to string) error {
	out, err := command(ctx, filepath.Join(p.s.dir, "images", "gitea"), []string{"GOFLAGS=-mod=mod"}, "go", "list", "-m", "-json", "code.gitea.io/gitea")
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return err
	}
	root := os.DirFS(filepath.Join(module.Dir, "docker", "rootless"))
	if err := os.CopyFS(to, root); err != nil {
		return err
	}
	return filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	})
}

// save copies a folder of a container into an archive.
func (p *partsBuild) save(ctx context.Context, id, path, to string) error {
	body, _, err := p.b.docker.CopyFromContainer(ctx, id, path)
	if err != nil {
		return err
	}
	defer body.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, body)
	return errors.Join(err, file.Close())
}

// unpack copies a file or a folder of a container into dir.
func (p *partsBuild) unpack(ctx context.Context, id, path, dir string) error {
	body, _, err := p.b.docker.CopyFromContainer(ctx, id, path)
	if err != nil {
		return err
	}
	defer body.Close()
	for archive := tar.NewReader(body); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := filepath.Join(dir, header.Name)
		if header.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(to, 0o755); err != nil {
				return err
			}
			continue
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s is neither file nor folder", header.Name)
		}
		file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, header.FileInfo().Mode())
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, archive); err != nil {
			return errors.Join(err, file.Close())
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
}
