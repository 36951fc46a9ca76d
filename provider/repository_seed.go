package provider

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"code.gitea.io/sdk/gitea"
	"github.com/go-git/go-git/v5/plumbing/transport"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// RepositorySeed is the first content of a repository, or all of its content.
type RepositorySeed struct{}

// RepositorySeedArgs are the inputs of a RepositorySeed. Without update none of
// them changes what was pushed: a seed is pushed once.
type RepositorySeedArgs struct {
	Owner       string   `pulumi:"owner" provider:"replaceOnChanges"`
	Repository  string   `pulumi:"repository" provider:"replaceOnChanges"`
	Branch      *string  `pulumi:"branch,optional" provider:"replaceOnChanges"`
	Source      string   `pulumi:"source"`
	Plain       *bool    `pulumi:"plain,optional"`
	Update      *bool    `pulumi:"update,optional"`
	OnlyOwn     *bool    `pulumi:"onlyOwn,optional"`
	ContentHash *string  `pulumi:"contentHash,optional"`
	Tags        []string `pulumi:"tags,optional"`
	Message     *string  `pulumi:"message,optional"`
	Username    *string  `pulumi:"username,optional"`
	Password    *string  `pulumi:"password,optional" provider:"secret"`
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
	_ infer.CustomRead[RepositorySeedArgs, RepositorySeedState]   = (*RepositorySeed)(nil)
)

// Annotate documents the resource.
func (r *RepositorySeed) Annotate(a infer.Annotator) {
	a.Describe(r, "The first content of an empty repository: pushed once, never by force, never again. "+
		"A Git checkout's current commit is pushed with its history; a directory that is not one, or a shallow clone, "+
		"as one commit of its files. With update, the repository follows the directory: each change is a new commit on top. "+
		"Deleting the resource leaves the repository as it is.")
}

// Annotate documents the inputs.
func (in *RepositorySeedArgs) Annotate(a infer.Annotator) {
	a.Describe(&in.Owner, "Owner of the repository.")
	a.Describe(&in.Repository, "Name of the repository.")
	a.Describe(&in.Branch, "Branch to push to. Default: main.")
	a.SetDefault(&in.Branch, "main")
	a.Describe(&in.Source, "Directory to take the content from, as an absolute path.")
	a.Describe(&in.Plain, "Push one commit of the directory's files, whether or not it is a Git checkout. Default: false.")
	a.Describe(&in.Update, "Keep the repository's content equal to the directory's: a changed file is pushed as a new commit on top of "+
		"whatever the branch has, never by force, and the tags are moved to it. Needs plain. Default: false.")
	a.Describe(&in.OnlyOwn, "With update: leave a repository alone that has content of others, which is every content whose last commit on the branch "+
		"is not of such a resource. Default: false.")
	a.Describe(&in.ContentHash, "Hash of the directory's content, by which a change is seen. The provider sets it where update is set.")
	a.Describe(&in.Tags, "Tags to put on the pushed commit.")
	a.Describe(&in.Message, "Message of the commit, where one is made. Default: Initial commit.")
	a.SetDefault(&in.Message, "Initial commit")
	a.Describe(&in.Username, "Who pushes. Default: the provider's user.")
	a.Describe(&in.Password, "Password or token of username.")
}

// Annotate documents the outputs.
func (r *RepositorySeedState) Annotate(a infer.Annotator) {
	a.Describe(&r.Commit, "The commit that the branch has since the last push of this resource.")
	a.Describe(&r.Pushed, "Whether this resource pushed it; false when the branch was there already, with its content where update is set.")
}

// Check refuses a source that is not there, and computes the hash of a source
// that the repository follows.
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
	in.ContentHash = nil
	switch {
	case !deref(in.Update):
		if deref(in.OnlyOwn) {
			failures = append(failures, p.CheckFailure{Property: "onlyOwn", Reason: "needs update: without it, existing content is always left alone"})
		}
	case !deref(in.Plain):
		failures = append(failures, p.CheckFailure{Property: "update", Reason: "needs plain: a history that the repository's users build on is never changed"})
	case filepath.IsAbs(in.Source):
		hash, err := contentHash(in.Source)
		if err != nil {
			failures = append(failures, p.CheckFailure{Property: "source", Reason: err.Error()})
			break
		}
		in.ContentHash = &hash
	}
	return infer.CheckResponse[RepositorySeedArgs]{Inputs: in, Failures: failures}, err
}

// seed returns the seed that the inputs describe, with the provider's own credential
// where they name none.
func (in RepositorySeedArgs) seed(cfg Config) seed {
	s := seed{
		url: cfg.BaseURL + "/" + in.Owner + "/" + in.Repository + ".git", branch: deref(in.Branch),
		source: in.Source, plain: deref(in.Plain), tags: in.Tags, message: deref(in.Message), onlyOwn: deref(in.OnlyOwn),
		username: deref(in.Username), password: deref(in.Password),
	}
	switch {
	case in.Username != nil:
	case cfg.Token != "":
		s.username, s.password = "token", cfg.Token
	default:
		s.username, s.password = cfg.Username, cfg.Password
	}
	s.tag = func(ctx context.Context, name, commit string) error {
		api, err := clientAs(ctx, s.username, s.password)
		if err != nil {
			return err
		}
		_, resp, err := api.CreateTag(in.Owner, in.Repository, gitea.CreateTagOption{TagName: name, Target: commit})
		return apiError(fmt.Sprintf("creating the tag %s of %s/%s", name, in.Owner, in.Repository), resp, err)
	}
	s.author = func(ctx context.Context) (string, error) {
		api, err := clientAs(ctx, s.username, s.password)
		if err != nil {
			return "", err
		}
		commit, resp, err := api.GetSingleCommit(in.Owner, in.Repository, s.branch)
		if err != nil || commit.RepoCommit == nil || commit.RepoCommit.Author == nil {
			return "", apiError(fmt.Sprintf("reading the last commit of %s/%s", in.Owner, in.Repository), resp, err)
		}
		return commit.RepoCommit.Author.Email, nil
	}
	return s
}

// Create pushes, unless the branch is there; with update, whatever it lacks.
func (*RepositorySeed) Create(ctx context.Context, req infer.CreateRequest[RepositorySeedArgs]) (infer.CreateResponse[RepositorySeedState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[RepositorySeedState]{
		ID: in.Owner + "/" + in.Repository + "#" + deref(in.Branch), Output: RepositorySeedState{RepositorySeedArgs: in},
	}
	if req.DryRun {
		return resp, nil
	}
	s := in.seed(infer.GetConfig[Config](ctx))
	push := s.sow
	if deref(in.Update) {
		push = s.maintain
	}
	commit, pushed, err := push(ctx)
	if err != nil {
		return resp, fmt.Errorf("seeding %s: %w", resp.ID, err)
	}
	if !pushed {
		p.GetLogger(ctx).Debugf("%s is there already; nothing was pushed", resp.ID)
	}
	resp.Output.Commit, resp.Output.Pushed = commit, pushed
	return resp, nil
}

// Update records new inputs; with update, it pushes what the repository lacks.
func (*RepositorySeed) Update(ctx context.Context, req infer.UpdateRequest[RepositorySeedArgs, RepositorySeedState]) (infer.UpdateResponse[RepositorySeedState], error) {
	out := req.State
	out.RepositorySeedArgs = req.Inputs
	if req.DryRun || !deref(req.Inputs.Update) {
		return infer.UpdateResponse[RepositorySeedState]{Output: out}, nil
	}
	commit, pushed, err := req.Inputs.seed(infer.GetConfig[Config](ctx)).maintain(ctx)
	if err != nil {
		return infer.UpdateResponse[RepositorySeedState]{Output: req.State}, fmt.Errorf("updating the content of %s: %w", req.ID, err)
	}
	out.Commit, out.Pushed = commit, pushed
	return infer.UpdateResponse[RepositorySeedState]{Output: out}, nil
}

// Read finds out whether the repository still has a content, and with update,
// whether it is this resource's.
func (*RepositorySeed) Read(ctx context.Context, req infer.ReadRequest[RepositorySeedArgs, RepositorySeedState]) (infer.ReadResponse[RepositorySeedArgs, RepositorySeedState], error) {
	kept := infer.ReadResponse[RepositorySeedArgs, RepositorySeedState](req)
	if req.State.Commit == "" {
		return kept, fmt.Errorf("importing the seed %s: a seed cannot be imported; create it, which leaves existing content alone", req.ID)
	}
	s := req.State.seed(infer.GetConfig[Config](ctx))
	has, err := s.refs(ctx)
	switch {
	case errors.Is(err, transport.ErrRepositoryNotFound), err == nil && len(has) == 0:
		return infer.ReadResponse[RepositorySeedArgs, RepositorySeedState]{}, nil
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		p.GetLogger(ctx).Warningf("the server refuses the recorded password (%v); what was recorded is kept", err)
		return kept, nil
	case err != nil && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, fmt.Errorf("reading %s: %w", req.ID, err)
	}
	if !deref(req.State.Update) || s.on(has, req.State.Commit) {
		return kept, nil
	}
	others, err := s.ofOthers(ctx, has)
	if err != nil {
		return kept, fmt.Errorf("reading %s: %w", req.ID, err)
	}
	if !others {
		// The server has something else: the next update finds another hash.
		kept.Inputs.ContentHash, kept.State.ContentHash = ptr("changed on the server"), ptr("changed on the server")
	}
	return kept, nil
}
