package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/docker/docker/api/types/build"
	"github.com/moby/go-archive"
)

// imageBuild is a context with its arguments.
type imageBuild struct {
	dir  string
	args map[string]*string
}

// byHand times the same builds alone. The contexts of the images are taken from
// the images before.
func (p *partsBuild) byHand(ctx context.Context) (float64, error) {
	calls, err := p.calls()
	if err != nil {
		return 0, err
	}
	env, err := p.environment(ctx)
	if err != nil {
		return 0, err
	}
	var builds []imageBuild
	for _, ref := range p.images {
		dir, err := p.context(ctx, ref)
		if err != nil {
			return 0, fmt.Errorf("making the context of %s: %w", ref, err)
		}
		args, err := p.parents(ctx, ref)
		if err != nil {
			return 0, err
		}
		builds = append(builds, imageBuild{dir, args})
	}
	out, err := os.MkdirTemp(p.b.tmp, "by-hand-")
	if err != nil {
		return 0, err
	}
	return timed(func() error {
		for i, c := range calls {
			if err := p.call(ctx, env, c, filepath.Join(out, fmt.Sprintf("%d.tar", i))); err != nil { // mmdebstrap goes by the name
				return err
			}
		}
		for i, one := range builds {
			took, err := timed(func() error { return p.build(ctx, one, fmt.Sprintf("%s/by-hand:%d", p.s.name, i)) })
			if err != nil {
				return err
			}
			p.b.say("    %s %.1f s", p.images[i], took)
		}
		return nil
	})
}

// build builds an image through the engine's API, as the launcher does: Docker's
// command packs a context in another way, and finds none of its layers again.
func (p *partsBuild) build(ctx context.Context, one imageBuild, name string) error {
	files, err := archive.TarWithOptions(one.dir, &archive.TarOptions{ChownOpts: &archive.ChownOpts{}})
	if err != nil {
		return err
	}
	defer files.Close()
	answer, err := p.b.docker.ImageBuild(ctx, files, build.ImageBuildOptions{
		Tags: []string{name}, BuildArgs: one.args, Remove: true, ForceRemove: true, Version: build.BuilderV1, NoCache: p.cache != "",
	})
	if err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	defer answer.Body.Close()
	return messages(answer.Body)
}

// call repeats a noted call with its result in another place; a root file system
// becomes an image.
func (p *partsBuild) call(ctx context.Context, env []string, c call, to string) error {
	args := c.redirected(to)
	took, err := timed(func() error {
		if _, err := command(ctx, c.dir, append(slices.Clone(env), c.env...), args[0], args[1:]...); err != nil {
			return err
		}
		if args[0] != "mmdebstrap" {
			return nil
		}
		_, err := command(ctx, "", nil, p.b.cli, "import", to, p.s.name+"/by-hand:root-"+filepath.Base(to))
		return err
	})
	p.b.say("    %s %s %.1f s", args[0], args[len(args)-1], took)
	return err
}
