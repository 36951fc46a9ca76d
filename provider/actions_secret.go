package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// ActionsSecret is a secret that a repository's workflows read.
type ActionsSecret struct{}

// ActionsSecretArgs are the inputs of an ActionsSecret.
type ActionsSecretArgs struct {
	Owner      string `pulumi:"owner" provider:"replaceOnChanges"`
	Repository string `pulumi:"repository" provider:"replaceOnChanges"`
	Name       string `pulumi:"name" provider:"replaceOnChanges"`
	Value      string `pulumi:"value" provider:"secret"`
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
	a.Describe(r, "A secret of a repository's workflows. The server never shows its value: a value that was changed elsewhere is not seen, and an import has none.")
}

// Annotate documents the inputs.
func (r *ActionsSecretArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository.")
	a.Describe(&r.Repository, "Name of the repository.")
	a.Describe(&r.Name, "Name that workflows read it by; letters, digits and _.")
	a.Describe(&r.Value, "The secret.")
}

// actionsNames are the rules for an Actions secret's and variable's names.
var actionsNames = map[string]func(string) string{
	"owner": OwnerNameProblem, "repository": RepositoryNameProblem, "name": variableNameProblem,
}

// Check refuses names that Gitea refuses.
func (*ActionsSecret) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[ActionsSecretArgs], error) {
	in, failures, err := infer.DefaultCheck[ActionsSecretArgs](ctx, req.NewInputs)
	return infer.CheckResponse[ActionsSecretArgs]{Inputs: in, Failures: checkNames(req.NewInputs, failures, actionsNames)}, err
}

func putSecret(ctx context.Context, in ActionsSecretArgs) error {
	c, err := client(ctx)
	if err != nil {
		return err
	}
	r, err := c.CreateRepoActionSecret(in.Owner, in.Repository, in.Name, gitea.CreateOrUpdateSecretOption{Data: in.Value})
	return apiError(fmt.Sprintf("setting Actions secret %s of %s/%s", in.Name, in.Owner, in.Repository), r, err)
}

// Create sets the secret, whether or not there is one of that name.
func (*ActionsSecret) Create(ctx context.Context, req infer.CreateRequest[ActionsSecretArgs]) (infer.CreateResponse[ActionsSecretState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[ActionsSecretState]{
		ID: strings.Join([]string{in.Owner, in.Repository, in.Name}, "/"), Output: ActionsSecretState{in},
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
	parts := strings.Split(req.ID, "/")
	if len(parts) != 3 {
		return kept, fmt.Errorf("reading Actions secret %q: the ID is owner/repository/name", req.ID)
	}
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	secrets, r, err := c.ListRepoActionSecret(parts[0], parts[1], gitea.ListRepoActionSecretOption{ListOptions: gitea.ListOptions{Page: -1}})
	switch {
	case notFound(r):
		return infer.ReadResponse[ActionsSecretArgs, ActionsSecretState]{}, nil
	case err != nil && req.State.Name != "" && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading Actions secret "+req.ID, r, err)
	case !slices.ContainsFunc(secrets, func(s *gitea.Secret) bool { return strings.EqualFold(s.Name, parts[2]) }):
		return infer.ReadResponse[ActionsSecretArgs, ActionsSecretState]{}, nil
	}
	kept.Inputs.Owner, kept.Inputs.Repository = parts[0], parts[1]
	if !strings.EqualFold(kept.Inputs.Name, parts[2]) {
		kept.Inputs.Name = parts[2]
	}
	kept.State.ActionsSecretArgs = kept.Inputs
	return kept, nil
}

// Delete removes the secret.
func (*ActionsSecret) Delete(ctx context.Context, req infer.DeleteRequest[ActionsSecretState]) (infer.DeleteResponse, error) {
	c, err := client(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	r, err := c.DeleteRepoActionSecret(req.State.Owner, req.State.Repository, req.State.Name)
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting Actions secret "+req.ID, r, err)
}
