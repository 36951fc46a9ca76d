package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// ActionsVariable is a variable that a repository's workflows read.
type ActionsVariable struct{}

// ActionsVariableArgs are the inputs of an ActionsVariable.
type ActionsVariableArgs struct {
	Owner      string `pulumi:"owner" provider:"replaceOnChanges"`
	Repository string `pulumi:"repository" provider:"replaceOnChanges"`
	Name       string `pulumi:"name" provider:"replaceOnChanges"`
	Value      string `pulumi:"value"`
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
	a.Describe(r, "A variable of a repository's workflows. Import by owner/repository/name.")
}

// Annotate documents the inputs.
func (r *ActionsVariableArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository.")
	a.Describe(&r.Repository, "Name of the repository.")
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
	c, err := client(ctx)
	if err != nil {
		return err
	}
	doing := fmt.Sprintf("setting Actions variable %s of %s/%s", in.Name, in.Owner, in.Repository)
	_, r, err := c.GetRepoActionVariable(in.Owner, in.Repository, in.Name)
	switch {
	case err == nil:
		r, err = c.UpdateRepoActionVariable(in.Owner, in.Repository, in.Name, in.Value)
	case notFound(r):
		r, err = c.CreateRepoActionVariable(in.Owner, in.Repository, in.Name, in.Value)
	}
	return apiError(doing, r, err)
}

// Create sets the variable.
func (*ActionsVariable) Create(ctx context.Context, req infer.CreateRequest[ActionsVariableArgs]) (infer.CreateResponse[ActionsVariableState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[ActionsVariableState]{
		ID: strings.Join([]string{in.Owner, in.Repository, in.Name}, "/"), Output: ActionsVariableState{in},
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
	parts := strings.Split(req.ID, "/")
	if len(parts) != 3 {
		return kept, fmt.Errorf("reading Actions variable %q: the ID is owner/repository/name", req.ID)
	}
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	v, r, err := c.GetRepoActionVariable(parts[0], parts[1], parts[2])
	switch {
	case notFound(r):
		return infer.ReadResponse[ActionsVariableArgs, ActionsVariableState]{}, nil
	case err != nil && req.State.Name != "" && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading Actions variable "+req.ID, r, err)
	}
	in := ActionsVariableArgs{Owner: parts[0], Repository: parts[1], Name: parts[2], Value: v.Value}
	return infer.ReadResponse[ActionsVariableArgs, ActionsVariableState]{ID: req.ID, Inputs: in, State: ActionsVariableState{in}}, nil
}

// Delete removes the variable.
func (*ActionsVariable) Delete(ctx context.Context, req infer.DeleteRequest[ActionsVariableState]) (infer.DeleteResponse, error) {
	c, err := client(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	r, err := c.DeleteRepoActionVariable(req.State.Owner, req.State.Repository, req.State.Name)
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting Actions variable "+req.ID, r, err)
}
