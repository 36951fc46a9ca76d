package provider

import (
	"context"
	"fmt"
	"strings"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Repository is a Git repository of a user or an organization.
type Repository struct{}

// RepositoryArgs are the inputs of a Repository.
type RepositoryArgs struct {
	Owner         string  `pulumi:"owner" provider:"replaceOnChanges"`
	Name          string  `pulumi:"name" provider:"replaceOnChanges"`
	Description   *string `pulumi:"description,optional"`
	Private       *bool   `pulumi:"private,optional"`
	DefaultBranch *string `pulumi:"defaultBranch,optional"`
	Adopt         *bool   `pulumi:"adopt,optional"`
}

// RepositoryState is the state of a Repository.
type RepositoryState struct {
	RepositoryArgs
	RepositoryID int    `pulumi:"repositoryId"`
	FullName     string `pulumi:"fullName"`
	HTMLURL      string `pulumi:"htmlUrl"`
	CloneURL     string `pulumi:"cloneUrl"`
	SSHURL       string `pulumi:"sshUrl"`
}

var (
	_ infer.CustomCheck[RepositoryArgs]                   = (*Repository)(nil)
	_ infer.CustomUpdate[RepositoryArgs, RepositoryState] = (*Repository)(nil)
	_ infer.CustomRead[RepositoryArgs, RepositoryState]   = (*Repository)(nil)
	_ infer.CustomDelete[RepositoryState]                 = (*Repository)(nil)
)

// Annotate documents the resource.
func (r *Repository) Annotate(a infer.Annotator) {
	a.Describe(r, "An empty Git repository. Import by owner/name.")
}

// Annotate documents the inputs.
func (r *RepositoryArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "User or organization that owns it.")
	a.Describe(&r.Name, "Name; letters, digits and - _ .")
	a.Describe(&r.Description, "What it is for.")
	a.Describe(&r.Private, "Whether only the owner and collaborators see it. Default: false.")
	a.SetDefault(&r.Private, false)
	a.Describe(&r.DefaultBranch, "Branch that is shown and cloned. Default: main.")
	a.SetDefault(&r.DefaultBranch, "main")
	a.Describe(&r.Adopt, adoptDoc+" Its content stays as it is.")
}

// Annotate documents the outputs.
func (r *RepositoryState) Annotate(a infer.Annotator) {
	a.Describe(&r.RepositoryID, "Numeric ID of the repository.")
	a.Describe(&r.FullName, "owner/name.")
	a.Describe(&r.HTMLURL, "Its page.")
	a.Describe(&r.CloneURL, "Address to clone by HTTP.")
	a.Describe(&r.SSHURL, "Address to clone by SSH.")
}

func (r RepositoryArgs) state(repo *gitea.Repository) RepositoryState {
	return RepositoryState{
		RepositoryArgs: r, RepositoryID: int(repo.ID), FullName: repo.FullName,
		HTMLURL: repo.HTMLURL, CloneURL: repo.CloneURL, SSHURL: repo.SSHURL,
	}
}

// Check refuses names that Gitea refuses.
func (*Repository) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[RepositoryArgs], error) {
	in, failures, err := infer.DefaultCheck[RepositoryArgs](ctx, req.NewInputs)
	failures = checkNames(req.NewInputs, failures, map[string]func(string) string{
		"owner": OwnerNameProblem, "name": RepositoryNameProblem,
	})
	return infer.CheckResponse[RepositoryArgs]{Inputs: in, Failures: failures}, err
}

// Create creates the repository, or takes over the one there is.
func (*Repository) Create(ctx context.Context, req infer.CreateRequest[RepositoryArgs]) (infer.CreateResponse[RepositoryState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[RepositoryState]{ID: in.Owner + "/" + in.Name, Output: RepositoryState{RepositoryArgs: in}}
	if req.DryRun {
		return resp, nil
	}
	c, err := client(ctx)
	if err != nil {
		return resp, err
	}
	doing := "creating repository " + resp.ID
	if in.Adopt != nil && *in.Adopt {
		if _, r, err := c.GetRepo(in.Owner, in.Name); err == nil {
			resp.Output, err = editRepository(c, in)
			return resp, err
		} else if !notFound(r) {
			return resp, apiError(doing, r, err)
		}
	}
	repo, r, err := c.AdminCreateRepo(in.Owner, gitea.CreateRepoOption{
		Name: in.Name, Description: deref(in.Description), Private: deref(in.Private), DefaultBranch: deref(in.DefaultBranch),
	})
	if err != nil {
		return resp, apiError(doing, r, err)
	}
	resp.Output = in.state(repo)
	return resp, nil
}

func editRepository(c *gitea.Client, in RepositoryArgs) (RepositoryState, error) {
	repo, r, err := c.EditRepo(in.Owner, in.Name, gitea.EditRepoOption{
		Description: in.Description, Private: in.Private, DefaultBranch: in.DefaultBranch,
	})
	if err != nil {
		return RepositoryState{RepositoryArgs: in}, apiError("updating repository "+in.Owner+"/"+in.Name, r, err)
	}
	return in.state(repo), nil
}

// Update changes what can be changed in place.
func (*Repository) Update(ctx context.Context, req infer.UpdateRequest[RepositoryArgs, RepositoryState]) (infer.UpdateResponse[RepositoryState], error) {
	out := req.State
	out.RepositoryArgs = req.Inputs
	if req.DryRun {
		return infer.UpdateResponse[RepositoryState]{Output: out}, nil
	}
	c, err := client(ctx)
	if err != nil {
		return infer.UpdateResponse[RepositoryState]{Output: req.State}, err
	}
	out, err = editRepository(c, req.Inputs)
	return infer.UpdateResponse[RepositoryState]{Output: out}, err
}

// Read refreshes from the server.
func (*Repository) Read(ctx context.Context, req infer.ReadRequest[RepositoryArgs, RepositoryState]) (infer.ReadResponse[RepositoryArgs, RepositoryState], error) {
	kept := infer.ReadResponse[RepositoryArgs, RepositoryState](req)
	owner, name, ok := strings.Cut(req.ID, "/")
	if !ok {
		return kept, fmt.Errorf("reading repository %q: the ID is owner/name", req.ID)
	}
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	repo, r, err := c.GetRepo(owner, name)
	switch {
	case notFound(r):
		return infer.ReadResponse[RepositoryArgs, RepositoryState]{}, nil
	case err != nil && req.State.RepositoryID != 0 && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading repository "+req.ID, r, err)
	}
	in := req.Inputs
	in.Owner, in.Name, in.Private, in.DefaultBranch = owner, repo.Name, &repo.Private, &repo.DefaultBranch
	if in.Description != nil || repo.Description != "" {
		in.Description = &repo.Description
	}
	return infer.ReadResponse[RepositoryArgs, RepositoryState]{ID: repo.FullName, Inputs: in, State: in.state(repo)}, nil
}

// Delete removes the repository with all it holds.
func (*Repository) Delete(ctx context.Context, req infer.DeleteRequest[RepositoryState]) (infer.DeleteResponse, error) {
	return infer.DeleteResponse{}, deleteRepository(ctx, req.State.Owner, req.State.Name)
}

// deleteRepository removes a repository that may be gone already.
func deleteRepository(ctx context.Context, owner, name string) error {
	c, err := client(ctx)
	if err != nil {
		return err
	}
	r, err := c.DeleteRepo(owner, name)
	if notFound(r) {
		return nil
	}
	return apiError("deleting repository "+owner+"/"+name, r, err)
}
