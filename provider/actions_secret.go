package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// ActionsSecret is a secret that the workflows of a repository read, or those of all
// repositories of a user.
type ActionsSecret struct{}

// ActionsSecretArgs are the inputs of an ActionsSecret.
type ActionsSecretArgs struct {
	Owner      string  `pulumi:"owner" provider:"replaceOnChanges"`
	Repository *string `pulumi:"repository,optional" provider:"replaceOnChanges"`
	Name       string  `pulumi:"name" provider:"replaceOnChanges"`
	Value      string  `pulumi:"value" provider:"secret"`
}

// ActionsSecretState is the state of an ActionsSecret.
type ActionsSecretState struct {
	ActionsSecretArgs
}

var (
	_ infer.CustomCheck[ActionsSecretArgs]                      = (*ActionsSecret)(nil)
	_ infer.CustomUpdate[ActionsSecretArgs, ActionsSecretState] = (*ActionsSecret)(nil)
	_ infer.CustomRead[ActionsSecretArgs, ActionsSecretState]   = (*ActionsSecret)(nil)
	_ infer.CustomDelete[ActionsSecretState]                    = (*ActionsSecret)(nil)
)

// Annotate documents the resource.
func (r *ActionsSecret) Annotate(a infer.Annotator) {
	a.Describe(r, "A secret of the workflows of a repository, or of all repositories of a user. The server never shows its value: a value that was changed elsewhere is not seen, and an import has none. A user's secrets it does not list either: one that was removed elsewhere is not seen.")
}

// Annotate documents the inputs.
func (r *ActionsSecretArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository, or the user.")
	a.Describe(&r.Repository, "Name of the repository. Without it, all repositories of the user.")
	a.Describe(&r.Name, "Name that workflows read it by; letters, digits and _.")
	a.Describe(&r.Value, "The secret.")
}

// actionsNames are the rules for an Actions secret's and variable's names.
var actionsNames = map[string]func(string) string{
	"owner": OwnerNameProblem, "repository": RepositoryNameProblem, "name": variableNameProblem,
}

// actionsClient connects for a repository's secrets and variables. For a user's, it acts as
// the user: Gitea has no other way.
func actionsClient(ctx context.Context, owner string, repository *string) (*gitea.Client, error) {
	c, err := client(ctx)
	if err == nil && repository == nil {
		c.SetSudo(owner)
	}
	return c, err
}

// actionsID is the ID of a secret or variable: owner/repository/name, or owner/name.
func actionsID(owner string, repository *string, name string) string {
	if repository == nil {
		return owner + "/" + name
	}
	return strings.Join([]string{owner, *repository, name}, "/")
}

// parseActionsID is the reverse of actionsID.
func parseActionsID(id string) (owner string, repository *string, name string, err error) {
	switch parts := strings.Split(id, "/"); len(parts) {
	case 2:
		return parts[0], nil, parts[1], nil
	case 3:
		return parts[0], &parts[1], parts[2], nil
	default:
		return "", nil, "", fmt.Errorf("the ID %q is not owner/repository/name or owner/name", id)
	}
}

// Check refuses names that Gitea refuses.
func (*ActionsSecret) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[ActionsSecretArgs], error) {
	in, failures, err := infer.DefaultCheck[ActionsSecretArgs](ctx, req.NewInputs)
	return infer.CheckResponse[ActionsSecretArgs]{Inputs: in, Failures: checkNames(req.NewInputs, failures, actionsNames)}, err
}

func putSecret(ctx context.Context, in ActionsSecretArgs) error {
	c, err := actionsClient(ctx, in.Owner, in.Repository)
	if err != nil {
		return err
	}
	value := gitea.CreateOrUpdateSecretOption{Data: in.Value}
	var r *gitea.Response
	if in.Repository == nil {
		r, err = c.CreateUserActionSecret(in.Name, value)
	} else {
		r, err = c.CreateRepoActionSecret(in.Owner, *in.Repository, in.Name, value)
	}
	return apiError("setting Actions secret "+actionsID(in.Owner, in.Repository, in.Name), r, err)
}

// Create sets the secret, whether or not there is one of that name.
func (*ActionsSecret) Create(ctx context.Context, req infer.CreateRequest[ActionsSecretArgs]) (infer.CreateResponse[ActionsSecretState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[ActionsSecretState]{
		ID: actionsID(in.Owner, in.Repository, in.Name), Output: ActionsSecretState{in},
	}
	if req.DryRun {
		return resp, nil
	}
	return resp, putSecret(ctx, in)
}

// Update sets a new value.
func (*ActionsSecret) Update(ctx context.Context, req infer.UpdateRequest[ActionsSecretArgs, ActionsSecretState]) (infer.UpdateResponse[ActionsSecretState], error) {
	resp := infer.UpdateResponse[ActionsSecretState]{Output: ActionsSecretState{req.Inputs}}
	if req.DryRun {
		return resp, nil
	}
	return resp, putSecret(ctx, req.Inputs)
}

// Read finds out whether a secret of that name is there.
func (*ActionsSecret) Read(ctx context.Context, req infer.ReadRequest[ActionsSecretArgs, ActionsSecretState]) (infer.ReadResponse[ActionsSecretArgs, ActionsSecretState], error) {
	kept := infer.ReadResponse[ActionsSecretArgs, ActionsSecretState](req)
	owner, repository, name, err := parseActionsID(req.ID)
	if err != nil {
		return kept, fmt.Errorf("reading Actions secret: %w", err)
	}
	found, r, err := hasSecret(ctx, owner, repository, name)
	switch {
	case err != nil && req.State.Name != "" && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading Actions secret "+req.ID, r, err)
	case !found:
		return infer.ReadResponse[ActionsSecretArgs, ActionsSecretState]{}, nil
	}
	kept.Inputs.Owner, kept.Inputs.Repository = owner, repository
	if !strings.EqualFold(kept.Inputs.Name, name) {
		kept.Inputs.Name = name
	}
	kept.State.ActionsSecretArgs = kept.Inputs
	return kept, nil
}

// hasSecret tells whether a repository has a secret. Gitea lists no secrets of users: such a
// one is taken to be there as long as the user is.
func hasSecret(ctx context.Context, owner string, repository *string, name string) (bool, *gitea.Response, error) {
	c, err := client(ctx)
	if err != nil {
		return false, nil, err
	}
	if repository == nil {
		_, r, err := c.GetUserInfo(owner)
		if notFound(r) {
			return false, r, nil
		}
		return err == nil, r, err
	}
	secrets, r, err := c.ListRepoActionSecret(owner, *repository, gitea.ListRepoActionSecretOption{ListOptions: gitea.ListOptions{Page: -1}})
	if notFound(r) {
		return false, r, nil
	}
	return slices.ContainsFunc(secrets, func(s *gitea.Secret) bool { return strings.EqualFold(s.Name, name) }), r, err
}

// Delete removes the secret.
func (*ActionsSecret) Delete(ctx context.Context, req infer.DeleteRequest[ActionsSecretState]) (infer.DeleteResponse, error) {
	in := req.State
	c, err := actionsClient(ctx, in.Owner, in.Repository)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	var r *gitea.Response
	if in.Repository == nil {
		r, err = c.DeleteUserActionSecret(in.Name)
	} else {
		r, err = c.DeleteRepoActionSecret(in.Owner, *in.Repository, in.Name)
	}
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting Actions secret "+req.ID, r, err)
}
