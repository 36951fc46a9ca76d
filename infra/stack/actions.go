package stack

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/parts"
	"github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea"
)

// actionNames are the folders below actions/, each served as a repository.
var actionNames = []string{"checkout", "setup-go"}

// actionTag is the version that workflows ask for.
const actionTag = "v4"

// Actions is what workflows use and jobs run in, served by the forge itself:
// the organization of the actions, and the job and base images in its registry.
type Actions struct {
	pulumi.ResourceState

	JobImage  pulumi.StringOutput // in the forge's registry
	GoImage   pulumi.StringOutput
	BaseImage pulumi.StringOutput
	Seeds     []pulumi.Resource // the actions' contents
}

// ActionsArgs are the inputs of Actions.
type ActionsArgs struct {
	Config Config
	Forge  *Forge
	Root   string
	Images parts.Images
}

// NewActions declares Actions.
func NewActions(ctx *pulumi.Context, name string, args *ActionsArgs, opts ...pulumi.ResourceOption) (*Actions, error) {
	a := &Actions{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Actions", name, nil, a, opts...); err != nil {
		return nil, err
	}
	org, err := gitea.NewOrganization(ctx, name+"-organization", &gitea.OrganizationArgs{
		Name: pulumi.String(ActionsOrganization), Adopt: pulumi.Bool(true),
		Description: pulumi.String("Actions and images that the pipeline's workflows use."),
	}, pulumi.Parent(a), pulumi.Provider(args.Forge.Provider), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, err
	}
	for _, action := range actionNames {
		seed, err := newSeeded(ctx, name+"-"+action, a, args.Forge, &gitea.RepositorySeedArgs{
			Owner: org.Name, Repository: pulumi.String(action),
			Source: pulumi.String(filepath.Join(args.Root, "actions", action)), Plain: pulumi.Bool(true),
			Tags: pulumi.ToStringArray([]string{actionTag}), Message: pulumi.String(action + " " + actionTag),
		})
		if err != nil {
			return nil, err
		}
		a.Seeds = append(a.Seeds, seed)
	}

	// Each engine pulls from the forge, so that jobs need nothing from
	// elsewhere.
	published := map[string]pulumi.StringOutput{}
	for _, image := range JobImages(args.Config.Registry(), args.Images) {
		p, err := a.publish(ctx, name+"-"+image.What, image, org, args)
		if err != nil {
			return nil, err
		}
		published[image.Ref] = p
	}
	a.JobImage, a.GoImage, a.BaseImage = published[args.Images.Job], published[args.Images.Go], published[args.Images.Base]
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"jobImage": a.JobImage})
}

// preload names the images that every fresh engine starts with.
func (a *Actions) preload() pulumi.StringOutput {
	return pulumi.All(a.JobImage, a.GoImage, a.BaseImage).ApplyT(func(refs []any) string {
		var names []string
		for _, ref := range refs {
			if name := ref.(string); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return strings.Join(names, " ")
	}).(pulumi.StringOutput)
}

// JobImage is an image of the host's engine that jobs use.
type JobImage struct {
	What string // job, go or base
	Ref  string // its name on the host's engine
	Name string // its name in the forge's registry
}

// JobImages are the images that jobs use; one that serves for two things is there once.
func JobImages(registry string, images parts.Images) []JobImage {
	var all []JobImage
	for _, image := range []JobImage{{What: "job", Ref: images.Job}, {What: "go", Ref: images.Go}, {What: "base", Ref: images.Base}} {
		if slices.ContainsFunc(all, func(i JobImage) bool { return i.Ref == image.Ref }) {
			continue
		}
		_, tag, ok := strings.Cut(image.Ref, ":")
		if !ok {
			tag = "1"
		}
		image.Name = registry + "/" + ActionsOrganization + "/" + image.What + ":" + tag
		all = append(all, image)
	}
	return all
}

// publish pushes an image of the host's engine into the forge's registry.
func (a *Actions) publish(ctx *pulumi.Context, name string, image JobImage, org *gitea.Organization, args *ActionsArgs) (pulumi.StringOutput, error) {
	tagged, err := docker.NewTag(ctx, name+"-tag", &docker.TagArgs{
		SourceImage: pulumi.String(image.Ref), TargetImage: pulumi.String(image.Name),
	}, pulumi.Parent(a))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	pushed, err := docker.NewRegistryImage(ctx, name+"-image", &docker.RegistryImageArgs{
		// The organization's name waits for the organization.
		Name: pulumi.All(tagged.TargetImage, org.Name).ApplyT(func(v []any) string { return v[0].(string) }).(pulumi.StringOutput),
		AuthConfig: docker.RegistryImageAuthConfigArgs{
			Address:  pulumi.String(args.Config.URL()),
			Username: pulumi.String(AdminUser), Password: args.Forge.AdminPassword,
		},
		KeepRemotely: pulumi.Bool(true),
	}, pulumi.Parent(a), pulumi.IgnoreChanges([]string{"authConfig"}))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pushed.Name, nil
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
