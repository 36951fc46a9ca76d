package stack

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea"
)

// actionNames are the actions that are served as they are, each a directory below actions/.
var actionNames = []string{"checkout", "setup-go"}

// ActionNames are the actions that a stack has, each a repository of
// config.ActionsOrganization.
func ActionNames(cfg config.Config) []string {
	if !cfg.Bundled {
		return actionNames
	}
	return slices.Concat(actionNames, artifacts.BundledActions)
}

// actionTags are the versions that workflows ask for. All mean the same commit.
var actionTags = []string{"v3", "v4", "v5", "v6"}

// Actions are what workflows use, served by the forge itself: an organization
// with a repository for each.
type Actions struct {
	pulumi.ResourceState

	Seeds []pulumi.Resource // the actions' contents
}

// ActionsArgs are the inputs of Actions.
type ActionsArgs struct {
	Forge   *Forge
	Root    string
	Bundled string // directory of artifacts.BundledActions; "" for none
}

// NewActions declares Actions.
func NewActions(ctx *pulumi.Context, name string, args *ActionsArgs, opts ...pulumi.ResourceOption) (*Actions, error) {
	a := &Actions{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Actions", name, nil, a, opts...); err != nil {
		return nil, err
	}
	org, err := gitea.NewOrganization(ctx, name+"-organization", &gitea.OrganizationArgs{
		Name: pulumi.String(config.ActionsOrganization), Adopt: pulumi.Bool(true),
		Description: pulumi.String("Actions that the pipeline's workflows use."),
	}, pulumi.Parent(a), pulumi.Provider(args.Forge.Provider), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, err
	}
	sources := map[string]string{}
	for _, action := range actionNames {
		sources[action] = filepath.Join(args.Root, "actions", action)
	}
	if args.Bundled != "" {
		for _, action := range artifacts.BundledActions {
			sources[action] = filepath.Join(args.Bundled, action)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(sources)) {
		seed, err := newSeeded(ctx, name+"-"+action, a, args.Forge, &gitea.RepositorySeedArgs{
			Owner: org.Name, Repository: pulumi.String(action),
			Source: pulumi.String(sources[action]), Plain: pulumi.Bool(true),
			// The project's own content: it follows the checkout, and the tag moves with it.
			Update: pulumi.Bool(true),
			Tags:   pulumi.ToStringArray(actionTags), Message: pulumi.String("The project's " + action),
		})
		if err != nil {
			return nil, err
		}
		a.Seeds = append(a.Seeds, seed)
	}

	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{})
}

// newSeeded declares a repository and its first content. Both outlive the
// stack.
func newSeeded(ctx *pulumi.Context, name string, parent pulumi.Resource, forge *Forge, seed *gitea.RepositorySeedArgs, opts ...pulumi.ResourceOption) (*gitea.RepositorySeed, error) {
	opts = append(opts, pulumi.Parent(parent), pulumi.Provider(forge.Provider), pulumi.RetainOnDelete(true))
	repo, err := gitea.NewRepository(ctx, name, &gitea.RepositoryArgs{
		Owner: seed.Owner, Name: seed.Repository, Adopt: pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, err
	}
	seed.Repository = repo.Name
	return gitea.NewRepositorySeed(ctx, name+"-seed", seed, opts...)
}
