package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

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
	type imageBuild struct {
		dir  string
		args []string
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
			to := filepath.Join(out, fmt.Sprintf("%d.tar", i)) // mmdebstrap goes by the name
			args := c.redirected(to)
			if _, err := command(ctx, c.dir, append(slices.Clone(env), c.env...), args[0], args[1:]...); err != nil {
				return err
			}
			if args[0] != "mmdebstrap" {
				continue
			}
			if _, err := command(ctx, "", nil, p.b.cli, "import", to, fmt.Sprintf("%s/by-hand:root-%d", p.s.name, i)); err != nil {
				return err
			}
		}
		for i, build := range builds {
			args := append([]string{"build", "--tag", fmt.Sprintf("%s/by-hand:%d", p.s.name, i)}, build.args...)
			if p.cache != "" {
				args = append(args, "--no-cache")
			}
			if _, err := command(ctx, build.dir, []string{"DOCKER_BUILDKIT=0"}, p.b.cli, append(args, ".")...); err != nil {
				return err
			}
		}
		return nil
	})
}
