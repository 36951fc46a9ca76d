// Package stack is the Pulumi program: a forge, its runners, the repository
// and the service's image.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Options are what the program does not read from Pulumi.
type Options struct {
	Config   config.Config // the stack's configuration
	Root     string        // the project's directory; default: found from the working directory
	Progress io.Writer     // where image builds report their progress; default: stderr
	// Resolve gets the images; default: images.Resolve.
	Resolve func(ctx context.Context, root string, cfg config.Config, progress io.Writer) (images.Images, error)
	// Actions gets the directory of the bundled actions; default: artifacts.Actions.
	Actions func(ctx context.Context, root string, progress *artifacts.Progress) (string, error)
	// Inherit reads what jobs get from this machine; default: its certificates and mirrors.
	Inherit func(ctx context.Context, cfg config.Config) (Inherited, error)
}

// NewProgram returns the program of a stack.
func NewProgram(o Options) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		cfg := o.Config
		if len(cfg.EncryptedSettings) > 0 {
			return errors.New("the program got settings of the forge that nobody has decrypted")
		}
		if o.Root == "" {
			checkout, err := project.Find(".")
			if err != nil {
				return err
			}
			o.Root = checkout.Root
		}
		if o.Progress == nil {
			o.Progress = os.Stderr
		}
		if o.Resolve == nil {
			o.Resolve = images.Resolve
		}
		if o.Actions == nil {
			o.Actions = artifacts.Actions
		}
		if o.Inherit == nil {
			o.Inherit = readInherited
		}
		inherited, err := o.Inherit(ctx.Context(), cfg)
		if err != nil {
			return err
		}
		cfg.Runner.Env = cfg.Runner.JobVariables(inherited.Environment)
		mirror, goproxy := inherited.moduleMirror(cfg)
		if goproxy != "" {
			cfg.Runner.Env["GOPROXY"] = goproxy
		}
		build := artifacts.WithProxies(ctx.Context(), cfg.ProxyEnvironment())
		images, err := o.Resolve(build, o.Root, cfg, o.Progress)
		if err != nil {
			return err
		}
		bundled := ""
		if cfg.Bundled {
			if bundled, err = o.Actions(build, o.Root, artifacts.NewProgress(o.Progress)); err != nil {
				return err
			}
		}

		forge, err := NewForge(ctx, "forge", &ForgeArgs{Config: cfg, Image: images.Gitea, Inherited: inherited, Mirror: mirror})
		if err != nil {
			return err
		}
		actions, err := NewActions(ctx, "actions", &ActionsArgs{Config: cfg, Forge: forge, Root: o.Root, Bundled: bundled})
		if err != nil {
			return err
		}
		service, err := NewService(ctx, "service", &ServiceArgs{Config: cfg, Root: o.Root, Images: images})
		if err != nil {
			return err
		}
		repository, err := NewRepository(ctx, "repository", &RepositoryArgs{
			Config: cfg, Forge: forge, Actions: actions, Service: service, Root: o.Root, Images: images,
		})
		if err != nil {
			return err
		}
		for i := range cfg.Runner.Containers() {
			if _, err := NewRunner(ctx, fmt.Sprintf("runner-%d", i), &RunnerArgs{
				Config: cfg, Forge: forge, Repository: repository, Images: images, Root: o.Root, Inherited: inherited,
			}); err != nil {
				return err
			}
		}

		ctx.Export("forgeUrl", pulumi.String(cfg.URL()))
		ctx.Export("sshUrl", pulumi.Sprintf("ssh://git@%s:%d", cfg.Host, cfg.SSHPort))
		ctx.Export("repositoryUrl", repository.HTMLURL)
		ctx.Export("cloneUrl", repository.CloneURL)
		ctx.Export("runsUrl", pulumi.Sprintf("%s/actions", repository.HTMLURL))
		ctx.Export("registry", pulumi.String(cfg.Registry()))
		ctx.Export("image", pulumi.String(cfg.Image()))
		ctx.Export("adminUser", pulumi.String(config.AdminUser))
		ctx.Export("adminPassword", pulumi.ToSecret(forge.AdminPassword))
		ctx.Export("ownerPassword", pulumi.ToSecret(repository.OwnerPassword))
		return nil
	}
}
