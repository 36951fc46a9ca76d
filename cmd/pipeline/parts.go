package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// tools are the parts that the launcher itself uses.
type tools struct {
	pulumi                            artifacts.CLI
	dockerPlugin, dockerPluginVersion string
	images                            images.Images
}

func (a *app) partsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "parts",
		Short: "Get or build every part ahead of the first up",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.project()
			if err != nil {
				return err
			}
			set, err := a.settings(p, nil)
			if err != nil {
				return err
			}
			if err := dockerhost.Ensure(cmd.Context(), dockerhost.Machine{}, a.out); err != nil {
				return err
			}
			t, err := a.parts(cmd.Context(), p, set.images)
			if err != nil {
				return err
			}
			a.out.Table([][]string{
				{"pulumi", t.pulumi.Path},
				{"docker plugin", t.dockerPlugin},
				{"gitea", t.images.Gitea}, {"runner", t.images.Runner}, {"job", t.images.Job}, {"engine", t.images.Engine},
			})
			return nil
		},
	}
}

// parts gets everything; what is there already costs nothing.
func (a *app) parts(ctx context.Context, p project.Project, mode config.ImageSource) (tools, error) {
	start := time.Now()
	var t tools
	progress := artifacts.NewProgress(a.out)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		t.pulumi, err = artifacts.Pulumi(ctx, p.Root, progress)
		return part("the Pulumi CLI", err)
	})
	group.Go(func() (err error) {
		if t.dockerPluginVersion, err = artifacts.DockerPluginVersion(p.Root); err == nil {
			t.dockerPlugin, err = artifacts.DockerPlugin(ctx, p.Root, progress)
		}
		return part("the docker plugin", err)
	})
	group.Go(func() error {
		_, err := artifacts.GiteaPlugin(ctx, p.Root, progress)
		return part("the gitea plugin", err)
	})
	group.Go(func() (err error) {
		t.images, err = images.Resolve(ctx, p.Root, mode, progress)
		return part("the images", err)
	})
	if err := group.Wait(); err != nil {
		return tools{}, err
	}
	a.out.Line("all there, images: %s (%s)", t.images.Mode, ui.Duration(time.Since(start)))
	return t, nil
}

func part(what string, err error) error {
	if err == nil {
		return nil
	}
	return problem.New("getting "+what, err, fmt.Sprintf("mend what it says and repeat; what is built already is kept (%s)", "pipeline parts builds them alone"))
}
