package stack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea"
)

// Repository is the repository that the pipeline builds, with its owner and
// all that its workflow reads.
type Repository struct {
	pulumi.ResourceState

	HTMLURL       pulumi.StringOutput
	CloneURL      pulumi.StringOutput
	OwnerPassword pulumi.StringOutput
	Read          []pulumi.Resource // what a run reads: actions, secrets and variables
}

// RepositoryArgs are the inputs of a Repository.
type RepositoryArgs struct {
	Config  config.Config
	Forge   *Forge
	Actions *Actions
	Service *Service
	Root    string
	Images  images.Images
}

// NewRepository declares a Repository. Users and repositories outlive the
// stack; what can be created again is removed with the forge's container.
func NewRepository(ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption) (*Repository, error) {
	r := &Repository{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Repository", name, nil, r, opts...); err != nil {
		return nil, err
	}
	cfg := args.Config
	kept := pulumi.Composite(pulumi.Parent(r), pulumi.Provider(args.Forge.Provider), pulumi.RetainOnDelete(true))
	remade := pulumi.Composite(pulumi.Parent(r), pulumi.Provider(args.Forge.Provider), pulumi.DeletedWith(args.Forge.Container))

	password, err := gitea.NewRandomSecret(ctx, name+"-owner-password", &gitea.RandomSecretArgs{}, pulumi.Parent(r))
	if err != nil {
		return nil, err
	}
	owner, err := gitea.NewUser(ctx, name+"-owner", &gitea.UserArgs{
		Username: pulumi.String(cfg.Owner), Email: pulumi.String(cfg.Owner + "@noreply.localhost"),
		Password: password.Result, Adopt: pulumi.Bool(true),
	}, kept)
	if err != nil {
		return nil, err
	}
	repo, err := gitea.NewRepository(ctx, name, &gitea.RepositoryArgs{
		Owner: owner.Username, Name: pulumi.String(cfg.Repository), Adopt: pulumi.Bool(true),
	}, kept)
	if err != nil {
		return nil, err
	}
	token, err := gitea.NewAccessToken(ctx, name+"-registry-token", &gitea.AccessTokenArgs{
		Username: owner.Username, Password: password.Result, Name: pulumi.String("registry"),
		Scopes: pulumi.ToStringArray([]string{"write:package"}), Adopt: pulumi.Bool(true),
	}, remade)
	if err != nil {
		return nil, err
	}

	// Secrets and variables are the owner's, for the workflows of all their repositories.
	//
	// The seed queues the first run, and a runner takes it as soon as it has started. The
	// seed depends on what could refuse it, the runners on what a run reads.
	r.Read = slices.Clone(args.Actions.Seeds)
	needed := append([]pulumi.Resource{args.Service.Image}, args.Actions.Seeds...)
	for _, s := range []struct {
		name  string
		value pulumi.StringInput
	}{{"REGISTRY_USER", owner.Username}, {"REGISTRY_PASS", token.Token}} {
		secret, err := gitea.NewActionsSecret(ctx, name+"-secret-"+s.name, &gitea.ActionsSecretArgs{
			Owner: owner.Username, Name: pulumi.String(s.name), Value: s.value,
		}, remade)
		if err != nil {
			return nil, err
		}
		r.Read = append(r.Read, secret)
	}
	for _, v := range []struct {
		name       string
		value      pulumi.StringInput
		repository pulumi.StringPtrInput // the only one that reads it
	}{
		{"REGISTRY_HOST", pulumi.String(cfg.Registry()), nil},
		{"GO_IMAGE", pulumi.String(args.Images.Job), nil},
		{"IMAGE_NAME", pulumi.String("service"), repo.Name}, // the workflow's default is the repository's name
	} {
		variable, err := gitea.NewActionsVariable(ctx, name+"-variable-"+v.name, &gitea.ActionsVariableArgs{
			Owner: owner.Username, Repository: v.repository, Name: pulumi.String(v.name), Value: v.value,
		}, remade)
		if err != nil {
			return nil, err
		}
		r.Read = append(r.Read, variable)
	}
	if cfg.Seed {
		if _, err := gitea.NewRepositorySeed(ctx, name+"-seed", &gitea.RepositorySeedArgs{
			Owner: owner.Username, Repository: repo.Name, Source: pulumi.String(args.Root),
			Username: owner.Username, Password: password.Result,
		}, kept, pulumi.DependsOn(needed)); err != nil {
			return nil, err
		}
	}
	// The forge returns the address that it was asked by; the user gets the canonical one.
	r.HTMLURL = pulumi.Sprintf("%s/%s", cfg.URL(), repo.FullName)
	r.CloneURL = pulumi.Sprintf("%s.git", r.HTMLURL)
	r.OwnerPassword = password.Result
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{"htmlUrl": r.HTMLURL, "cloneUrl": r.CloneURL})
}
