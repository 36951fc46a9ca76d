package lifecycle

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Artifacts are the binaries and images that the launcher itself uses.
type Artifacts struct {
	Pulumi       artifacts.CLI
	DockerPlugin Plugin
	Images       images.Images
	Actions      string // directory of the bundled actions; "" for none
}

// Build gets or builds every artifact, and prints where each is.
func Build(ctx context.Context, env Environment) error {
	return run(ctx, env, []Step{readConfig(nil), ensureDocker, getArtifacts, listArtifacts})
}

var getArtifacts = Step{"getting the artifacts", func(ctx context.Context, s *State) error {
	start := time.Now()
	progress := artifacts.NewProgress(s.Out)
	var a Artifacts
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		a.Pulumi, err = s.Machine.PulumiCLI(ctx, s.Project.Root, progress)
		return artifacts.Problem("the Pulumi CLI", err)
	})
	group.Go(func() (err error) {
		a.DockerPlugin, err = s.Machine.DockerPlugin(ctx, s.Project.Root, progress)
		return artifacts.Problem("the docker plugin", err)
	})
	group.Go(func() error {
		return artifacts.Problem("the gitea plugin", s.Machine.GiteaPlugin(ctx, s.Project.Root, progress))
	})
	group.Go(func() (err error) {
		a.Images, err = s.Machine.Images(ctx, s.Project.Root, s.Config, progress)
		return artifacts.Problem("the images", err)
	})
	if s.Config.Bundled {
		group.Go(func() (err error) {
			a.Actions, err = s.Machine.Actions(ctx, s.Project.Root, progress)
			return artifacts.Problem("the actions", err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.Artifacts = a
	s.Out.Line("all there, images: %s (%s)", a.Images.Mode, ui.Duration(time.Since(start)))
	return nil
}}

// getPulumi gets what is needed to read the state.
var getPulumi = Step{"getting the Pulumi CLI", func(ctx context.Context, s *State) (err error) {
	s.Artifacts.Pulumi, err = s.Machine.PulumiCLI(ctx, s.Project.Root, artifacts.NewProgress(s.Out))
	return artifacts.Problem("the Pulumi CLI", err)
}}

// getPlugins gets what is needed to destroy the stack's resources.
var getPlugins = Step{"getting the plugins", func(ctx context.Context, s *State) (err error) {
	progress := artifacts.NewProgress(s.Out)
	if s.Artifacts.DockerPlugin, err = s.Machine.DockerPlugin(ctx, s.Project.Root, progress); err != nil {
		return artifacts.Problem("the docker plugin", err)
	}
	return artifacts.Problem("the gitea plugin", s.Machine.GiteaPlugin(ctx, s.Project.Root, progress))
}}

var listArtifacts = Step{"printing the artifacts", func(_ context.Context, s *State) error {
	i := s.Artifacts.Images
	s.Out.Table([][]string{
		{"pulumi", s.Artifacts.Pulumi.Path}, {"docker plugin", s.Artifacts.DockerPlugin.Path},
		{"gitea", i.Gitea}, {"runner", i.Runner}, {"job", i.Job}, {"job engine", i.JobEngine},
	})
	return nil
}}
