package provider

import (
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// ActionsVariable is a variable that the workflows of a repository read, or those of all
// repositories of a user.
type ActionsVariable struct{}

// ActionsVariableArgs are the inputs of an ActionsVariable.
type ActionsVariableArgs struct {
	Owner      string  `pulumi:"owner" provider:"replaceOnChanges"`
	Repository *string `pulumi:"repository,optional" provider:"replaceOnChanges"`
	Name       string  `pulumi:"name" provider:"replaceOnChanges"`
	Value      string  `pulumi:"value"`
}

// ActionsVariableState is the state of an ActionsVariable.
type ActionsVariableState struct {
	ActionsVariableArgs
}

var (
	_ infer.CustomCheck[ActionsVariableArgs]                        = (*ActionsVariable)(nil)
	_ infer.CustomUpdate[ActionsVariableArgs, ActionsVariableState] = (*ActionsVariable)(nil)
	_ infer.CustomRead[ActionsVariableArgs, ActionsVariableState]   = (*ActionsVariable)(nil)
	_ infer.CustomDelete[ActionsVariableState]                      = (*ActionsVariable)(nil)
)

// Annotate documents the resource.
func (r *ActionsVariable) Annotate(a infer.Annotator) {
	a.Describe(r, "A variable of the workflows of a repository, or of all repositories of a user. Import by owner/repository/name or owner/name.")
}

// Annotate documents the inputs.
func (r *ActionsVariableArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository, or the user.")
	a.Describe(&r.Repository, "Name of the repository. Without it, all repositories of the user.")
	a.Describe(&r.Name, "Name that workflows read it by; letters, digits and _.")
	a.Describe(&r.Value, "The value, at least one character.")
}

// Check refuses names that Gitea refuses.
func (*ActionsVariable) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[ActionsVariableArgs], error) {
	in, failures, err := infer.DefaultCheck[ActionsVariableArgs](ctx, req.NewInputs)
	return infer.CheckResponse[ActionsVariableArgs]{Inputs: in, Failures: checkNames(req.NewInputs, failures, actionsNames)}, err
}

// putVariable sets the variable, whether or not there is one of that name.
func putVariable(ctx context.Context, in ActionsVariableArgs) error {
	c, err := actionsClient(ctx, in.Owner, in.Repository)
	if err != nil {
		return err
	}
	_, r, err := getVariable(c, in.Owner, in.Repository, in.Name)
	switch {
	case err == nil && in.Repository == nil:
		r, err = c.UpdateUserActionVariable(in.Name, gitea.UpdateActionVariableOption{Name: in.Name, Value: in.Value})
	case err == nil:
		r, err = c.UpdateRepoActionVariable(in.Owner, *in.Repository, in.Name, in.Value)
	case notFound(r) && in.Repository == nil:
		r, err = c.CreateUserActionVariable(in.Name, gitea.CreateActionVariableOption{Value: in.Value})
	case notFound(r):
		r, err = c.CreateRepoActionVariable(in.Owner, *in.Repository, in.Name, in.Value)
	}
	return apiError("setting Actions variable "+actionsID(in.Owner, in.Repository, in.Name), r, err)
}

// getVariable reads a variable's value.
func getVariable(c *gitea.Client, owner string, repository *string, name string) (value string, r *gitea.Response, err error) {
	if repository == nil {
		v, r, err := c.GetUserActionVariable(name)
		if err != nil {
			return "", r, err
		}
		return v.Data, r, nil
	}
	v, r, err := c.GetRepoActionVariable(owner, *repository, name)
	if err != nil {
		return "", r, err
	}
	return v.Value, r, nil
}

// Create sets the variable.
func (*ActionsVariable) Create(ctx context.Context, req infer.CreateRequest[ActionsVariableArgs]) (infer.CreateResponse[ActionsVariableState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[ActionsVariableState]{
		ID: actionsID(in.Owner, in.Repository, in.Name), Output: ActionsVariableState{in},
	}
	if req.DryRun {
		return resp, nil
	}
	return resp, putVariable(ctx, in)
}

// Update sets a new value.
func (*ActionsVariable) Update(ctx context.Context, req infer.UpdateRequest[ActionsVariableArgs, ActionsVariableState]) (infer.UpdateResponse[ActionsVariableState], error) {
	resp := infer.UpdateResponse[ActionsVariableState]{Output: ActionsVariableState{req.Inputs}}
	if req.DryRun {
		return resp, nil
	}
	return resp, putVariable(ctx, req.Inputs)
}

// Read refreshes from the server.
func (*ActionsVariable) Read(ctx context.Context, req infer.ReadRequest[ActionsVariableArgs, ActionsVariableState]) (infer.ReadResponse[ActionsVariableArgs, ActionsVariableState], error) {
	kept := infer.ReadResponse[ActionsVariableArgs, ActionsVariableState](req)
	owner, repository, name, err := parseActionsID(req.ID)
	if err != nil {
		return kept, fmt.Errorf("reading Actions variable: %w", err)
	}
	c, err := actionsClient(ctx, owner, repository)
	if err != nil {
		return kept, err
	}
	value, r, err := getVariable(c, owner, repository, name)
	switch {
	case notFound(r):
		return infer.ReadResponse[ActionsVariableArgs, ActionsVariableState]{}, nil
	case err != nil && req.State.Name != "" && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading Actions variable "+req.ID, r, err)
	}
	in := ActionsVariableArgs{Owner: owner, Repository: repository, Name: name, Value: value}
	return infer.ReadResponse[ActionsVariableArgs, ActionsVariableState]{ID: req.ID, Inputs: in, State: ActionsVariableState{in}}, nil
}

// Delete removes the variable.
func (*ActionsVariable) Delete(ctx context.Context, req infer.DeleteRequest[ActionsVariableState]) (infer.DeleteResponse, error) {
	in := req.State
	c, err := actionsClient(ctx, in.Owner, in.Repository)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	var r *gitea.Response
	if in.Repository == nil {
		r, err = c.DeleteUserActionVariable(in.Name)
	} else {
		r, err = c.DeleteRepoActionVariable(in.Owner, *in.Repository, in.Name)
	}
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting Actions variable "+req.ID, r, err)
}
