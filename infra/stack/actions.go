package stack

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea"
)

// actionNames are the actions that need no bundle, each a directory below actions/. With its bundle,
// setup-go keeps caches too.
var actionNames = []string{"checkout", "setup-go"}

// ActionNames are the actions that a stack has, as owner/name.
func ActionNames(cfg config.Config) []string {
	names := slices.Collect(maps.Keys(actionSources(cfg, "", "")))
	for _, m := range cfg.Mirrors {
		names = append(names, m.Owner+"/"+m.Name)
	}
	slices.Sort(names)
	return names
}

// actionSources are the directories of the actions that a stack has, by owner/name. root is the
// checkout, and bundled the directory of artifacts.BundledActions. A mirror takes the place of the
// project's own action of its name.
func actionSources(cfg config.Config, root, bundled string) map[string]string {
	sources := map[string]string{}
	for _, action := range actionNames {
		sources[config.ActionsOrganization+"/"+action] = filepath.Join(root, "actions", action)
	}
	for _, action := range artifacts.BundledActions {
		name := action
		switch owner, _, other := strings.Cut(action, "/"); {
		case !cfg.Bundled:
			continue
		case !other:
			name = config.ActionsOrganization + "/" + action
		case strings.EqualFold(owner, cfg.Owner):
			continue // a user cannot be an organization too
		}
		sources[name] = filepath.Join(bundled, filepath.FromSlash(action))
	}
	for _, m := range cfg.Mirrors {
		delete(sources, strings.ToLower(m.Owner+"/"+m.Name))
	}
	return sources
}

// actionTags are the versions that workflows ask for. All mean the same commit.
var actionTags = []string{"v3", "v4", "v5", "v6"}

// Actions are what workflows use, served by the forge itself: an organization
// with a repository for each.
type Actions struct {
	pulumi.ResourceState

	Seeds []pulumi.Resource // the actions' contents

	forge         *Forge
	name          string
	organizations map[string]*gitea.Organization // by their name in lower case
}

// ActionsArgs are the inputs of Actions.
type ActionsArgs struct {
	Config  config.Config
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
	a.forge, a.name, a.organizations = args.Forge, name, map[string]*gitea.Organization{}
	sources := actionSources(args.Config, args.Root, args.Bundled)
	for _, action := range slices.Sorted(maps.Keys(sources)) {
		owner, repository, _ := strings.Cut(action, "/")
		own := owner == config.ActionsOrganization
		organization, err := a.organization(ctx, owner)
		if err != nil {
			return nil, err
		}
		seed, err := newSeeded(ctx, a.prefix(owner)+repository, a, args.Forge, &gitea.RepositorySeedArgs{
			Owner: organization, Repository: pulumi.String(repository),
			Source: pulumi.String(sources[action]), Plain: pulumi.Bool(true),
			// The project's own content: it follows the checkout, and the tag moves with it. In
			// an organization that the project does not have for itself, others may have mirrors.
			Update: pulumi.Bool(true), OnlyOwn: pulumi.Bool(!own),
			Tags: pulumi.ToStringArray(actionTags), Message: pulumi.String("The project's " + repository),
		})
		if err != nil {
			return nil, err
		}
		a.Seeds = append(a.Seeds, seed)
	}
	for _, m := range args.Config.Mirrors {
		if err := a.mirror(ctx, m); err != nil {
			return nil, err
		}
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{})
}

// prefix is what the names of an owner's resources begin with.
func (a *Actions) prefix(owner string) string {
	if owner == config.ActionsOrganization {
		return a.name + "-"
	}
	return a.name + "-" + owner + "-"
}

// organization is the name of an organization, which is declared once.
func (a *Actions) organization(ctx *pulumi.Context, owner string) (pulumi.StringInput, error) {
	key := strings.ToLower(owner)
	if a.organizations[key] == nil {
		o, err := gitea.NewOrganization(ctx, a.prefix(owner)+"organization", &gitea.OrganizationArgs{
			Name: pulumi.String(owner), Adopt: pulumi.Bool(true),
			Description: pulumi.String("Actions that the pipeline's workflows use."),
		}, pulumi.Parent(a), pulumi.Provider(a.forge.Provider), pulumi.RetainOnDelete(true))
		if err != nil {
			return nil, err
		}
		a.organizations[key] = o
	}
	return a.organizations[key].Name, nil
}

// mirror declares a repository that the forge pulls.
func (a *Actions) mirror(ctx *pulumi.Context, m config.Mirror) error {
	owner, err := a.organization(ctx, m.Owner)
	if err != nil {
		return err
	}
	mirror, err := gitea.NewMirror(ctx, a.prefix(m.Owner)+m.Name, &gitea.MirrorArgs{
		Owner: owner, Name: pulumi.String(m.Name), Address: pulumi.String(m.Address), Adopt: pulumi.Bool(true),
	}, pulumi.Parent(a), pulumi.Provider(a.forge.Provider), pulumi.RetainOnDelete(true))
	a.Seeds = append(a.Seeds, mirror)
	return err
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
