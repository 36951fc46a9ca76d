package provider

import (
	"context"
	"fmt"
	"path/filepath"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// RepositorySeed is the first content of a repository.
type RepositorySeed struct{}

// RepositorySeedArgs are the inputs of a RepositorySeed. None of them changes
// what was pushed: a seed is sown once.
type RepositorySeedArgs struct {
	Owner      string   `pulumi:"owner" provider:"replaceOnChanges"`
	Repository string   `pulumi:"repository" provider:"replaceOnChanges"`
	Branch     *string  `pulumi:"branch,optional" provider:"replaceOnChanges"`
	Source     string   `pulumi:"source"`
	Plain      *bool    `pulumi:"plain,optional"`
	Tags       []string `pulumi:"tags,optional"`
	Message    *string  `pulumi:"message,optional"`
	Username   *string  `pulumi:"username,optional"`
	Password   *string  `pulumi:"password,optional" provider:"secret"`
}

// RepositorySeedState is the state of a RepositorySeed.
type RepositorySeedState struct {
	RepositorySeedArgs
	Commit string `pulumi:"commit"`
	Pushed bool   `pulumi:"pushed"`
}

var (
	_ infer.CustomCheck[RepositorySeedArgs]                       = (*RepositorySeed)(nil)
	_ infer.CustomUpdate[RepositorySeedArgs, RepositorySeedState] = (*RepositorySeed)(nil)
)

// Annotate documents the resource.
func (r *RepositorySeed) Annotate(a infer.Annotator) {
	a.Describe(r, "The first content of an empty repository: pushed once, never by force, never again. "+
		"A Git checkout's current commit is pushed with its history; a folder that is not one, or a shallow clone, "+
		"as one commit of its files. Deleting the resource leaves the repository as it is.")
}

// Annotate documents the inputs.
func (r *RepositorySeedArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository.")
	a.Describe(&r.Repository, "Name of the repository.")
	a.Describe(&r.Branch, "Branch to push to. Default: main.")
	a.SetDefault(&r.Branch, "main")
	a.Describe(&r.Source, "Folder to take the content from, as an absolute path.")
	a.Describe(&r.Plain, "Push one commit of the folder's files, whether or not it is a Git checkout. Default: false.")
	a.Describe(&r.Tags, "Tags to put on the pushed commit.")
	a.Describe(&r.Message, "Message of the commit, where one is made. Default: Initial commit.")
	a.SetDefault(&r.Message, "Initial commit")
	a.Describe(&r.Username, "Who pushes. Default: the provider's user.")
	a.Describe(&r.Password, "Password or token of username.")
}

// Annotate documents the outputs.
func (r *RepositorySeedState) Annotate(a infer.Annotator) {
	a.Describe(&r.Commit, "The commit that the branch has since the seed was sown.")
	a.Describe(&r.Pushed, "Whether this resource pushed it; false when the branch was there already.")
}

// Check refuses a source that is not there.
func (*RepositorySeed) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[RepositorySeedArgs], error) {
	in, failures, err := infer.DefaultCheck[RepositorySeedArgs](ctx, req.NewInputs)
	failures = checkNames(req.NewInputs, failures, map[string]func(string) string{
		"owner": OwnerNameProblem, "repository": RepositoryNameProblem,
		"source": func(s string) string {
			if !filepath.IsAbs(s) {
				return fmt.Sprintf("%q is not an absolute path", s)
			}
			return ""
		},
	})
	return infer.CheckResponse[RepositorySeedArgs]{Inputs: in, Failures: failures}, err
}

// Create pushes, unless the branch is there.
func (*RepositorySeed) Create(ctx context.Context, req infer.CreateRequest[RepositorySeedArgs]) (infer.CreateResponse[RepositorySeedState], error) {
	in := req.Inputs
	branch := deref(in.Branch)
	resp := infer.CreateResponse[RepositorySeedState]{
		ID: in.Owner + "/" + in.Repository + "#" + branch, Output: RepositorySeedState{RepositorySeedArgs: in},
	}
	if req.DryRun {
		return resp, nil
	}
	cfg := infer.GetConfig[Config](ctx)
	s := seed{
		url: cfg.BaseURL + "/" + in.Owner + "/" + in.Repository + ".git", branch: branch,
		source: in.Source, plain: deref(in.Plain), tags: in.Tags, message: deref(in.Message),
		username: deref(in.Username), password: deref(in.Password),
	}
	switch {
	case in.Username != nil:
	case cfg.Token != "":
		s.username, s.password = "token", cfg.Token
	default:
		s.username, s.password = cfg.Username, cfg.Password
	}
	commit, pushed, err := s.sow(ctx)
	if err != nil {
		return resp, fmt.Errorf("seeding %s: %w", resp.ID, err)
	}
	if !pushed {
		p.GetLogger(ctx).Debugf("%s is there already; nothing was pushed", resp.ID)
	}
	resp.Output.Commit, resp.Output.Pushed = commit, pushed
	return resp, nil
}

// Update records new inputs; what was pushed stays.
func (*RepositorySeed) Update(_ context.Context, req infer.UpdateRequest[RepositorySeedArgs, RepositorySeedState]) (infer.UpdateResponse[RepositorySeedState], error) {
	out := req.State
	out.RepositorySeedArgs = req.Inputs
	return infer.UpdateResponse[RepositorySeedState]{Output: out}, nil
}
