package provider

import (
	"context"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Organization owns repositories together.
type Organization struct{}

// OrganizationArgs are the inputs of an Organization.
type OrganizationArgs struct {
	Name        string  `pulumi:"name" provider:"replaceOnChanges"`
	Description *string `pulumi:"description,optional"`
	Visibility  *string `pulumi:"visibility,optional"`
	Adopt       *bool   `pulumi:"adopt,optional"`
}

// OrganizationState is the state of an Organization.
type OrganizationState struct {
	OrganizationArgs
	OrganizationID int `pulumi:"organizationId"`
}

var (
	_ infer.CustomCheck[OrganizationArgs]                     = (*Organization)(nil)
	_ infer.CustomUpdate[OrganizationArgs, OrganizationState] = (*Organization)(nil)
	_ infer.CustomRead[OrganizationArgs, OrganizationState]   = (*Organization)(nil)
	_ infer.CustomDelete[OrganizationState]                   = (*Organization)(nil)
)

// Annotate documents the resource.
func (r *Organization) Annotate(a infer.Annotator) {
	a.Describe(r, "An organization, owned by the user whom the provider signs in as. Import by name.")
}

// Annotate documents the inputs.
func (r *OrganizationArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Name, "Name; letters and digits with single - _ . between them.")
	a.Describe(&r.Description, "What it is for.")
	a.Describe(&r.Visibility, "public, limited (to signed-in users) or private. Default: public.")
	a.SetDefault(&r.Visibility, "public")
	a.Describe(&r.Adopt, adoptDoc)
}

// Annotate documents the outputs.
func (r *OrganizationState) Annotate(a infer.Annotator) {
	a.Describe(&r.OrganizationID, "Numeric ID of the organization.")
}

// Check refuses names that Gitea refuses.
func (*Organization) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[OrganizationArgs], error) {
	in, failures, err := infer.DefaultCheck[OrganizationArgs](ctx, req.NewInputs)
	failures = checkNames(req.NewInputs, failures, map[string]func(string) string{
		"name": OwnerNameProblem,
		"visibility": func(s string) string {
			switch s {
			case "public", "limited", "private":
				return ""
			}
			return "must be public, limited or private"
		},
	})
	return infer.CheckResponse[OrganizationArgs]{Inputs: in, Failures: failures}, err
}

// Create creates the organization, or takes over the one there is.
func (*Organization) Create(ctx context.Context, req infer.CreateRequest[OrganizationArgs]) (infer.CreateResponse[OrganizationState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[OrganizationState]{ID: in.Name, Output: OrganizationState{OrganizationArgs: in}}
	if req.DryRun {
		return resp, nil
	}
	c, err := client(ctx)
	if err != nil {
		return resp, err
	}
	doing := "creating organization " + in.Name
	if in.Adopt != nil && *in.Adopt {
		if o, r, err := c.GetOrg(in.Name); err == nil {
			resp.Output.OrganizationID = int(o.ID)
			return resp, editOrganization(c, in)
		} else if !notFound(r) {
			return resp, apiError(doing, r, err)
		}
	}
	o, r, err := c.CreateOrg(gitea.CreateOrgOption{
		Name: in.Name, Description: deref(in.Description), Visibility: gitea.VisibleType(deref(in.Visibility)),
	})
	if err != nil {
		return resp, apiError(doing, r, err)
	}
	resp.Output.OrganizationID = int(o.ID)
	return resp, nil
}

func editOrganization(c *gitea.Client, in OrganizationArgs) error {
	r, err := c.EditOrg(in.Name, gitea.EditOrgOption{
		Description: deref(in.Description), Visibility: gitea.VisibleType(deref(in.Visibility)),
	})
	return apiError("updating organization "+in.Name, r, err)
}

// Update changes what can be changed in place.
func (*Organization) Update(ctx context.Context, req infer.UpdateRequest[OrganizationArgs, OrganizationState]) (infer.UpdateResponse[OrganizationState], error) {
	out := infer.UpdateResponse[OrganizationState]{Output: OrganizationState{OrganizationArgs: req.Inputs, OrganizationID: req.State.OrganizationID}}
	if req.DryRun {
		return out, nil
	}
	c, err := client(ctx)
	if err != nil {
		return out, err
	}
	return out, editOrganization(c, req.Inputs)
}

// Read refreshes from the server.
func (*Organization) Read(ctx context.Context, req infer.ReadRequest[OrganizationArgs, OrganizationState]) (infer.ReadResponse[OrganizationArgs, OrganizationState], error) {
	kept := infer.ReadResponse[OrganizationArgs, OrganizationState](req)
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	o, r, err := c.GetOrg(req.ID)
	switch {
	case notFound(r):
		return infer.ReadResponse[OrganizationArgs, OrganizationState]{}, nil
	case err != nil && req.State.OrganizationID != 0 && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading organization "+req.ID, r, err)
	}
	in := req.Inputs
	in.Name, in.Visibility = o.Name, &o.Visibility
	if in.Description != nil || o.Description != "" {
		in.Description = &o.Description
	}
	return infer.ReadResponse[OrganizationArgs, OrganizationState]{
		ID: o.Name, Inputs: in, State: OrganizationState{OrganizationArgs: in, OrganizationID: int(o.ID)},
	}, nil
}

// Delete removes the organization; Gitea refuses while it owns repositories.
func (*Organization) Delete(ctx context.Context, req infer.DeleteRequest[OrganizationState]) (infer.DeleteResponse, error) {
	c, err := client(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	r, err := c.DeleteOrg(req.ID)
	if notFound(r) {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, apiError("deleting organization "+req.ID, r, err)
}
