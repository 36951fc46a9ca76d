package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// leastInterval is the shortest time between two pulls that Gitea accepts by default.
const leastInterval = 10 * time.Minute

// Mirror is a repository that the server keeps equal to one of another server, from which it pulls.
type Mirror struct{}

// MirrorArgs are the inputs of a Mirror.
type MirrorArgs struct {
	Owner    string  `pulumi:"owner" provider:"replaceOnChanges"`
	Name     string  `pulumi:"name" provider:"replaceOnChanges"`
	Address  string  `pulumi:"address" provider:"replaceOnChanges"`
	Interval *string `pulumi:"interval,optional"`
	Adopt    *bool   `pulumi:"adopt,optional"`
}

// MirrorState is the state of a Mirror.
type MirrorState struct {
	MirrorArgs
	RepositoryID int `pulumi:"repositoryId"`
}

var (
	_ infer.CustomCheck[MirrorArgs]               = (*Mirror)(nil)
	_ infer.CustomUpdate[MirrorArgs, MirrorState] = (*Mirror)(nil)
	_ infer.CustomRead[MirrorArgs, MirrorState]   = (*Mirror)(nil)
	_ infer.CustomDelete[MirrorState]             = (*Mirror)(nil)
)

// Annotate documents the resource.
func (r *Mirror) Annotate(a infer.Annotator) {
	a.Describe(r, "A repository that the server keeps equal to one of another server, from which it pulls. Import by owner/name.")
}

// Annotate documents the inputs.
func (r *MirrorArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "User or organization that owns it.")
	a.Describe(&r.Name, "Name; letters, digits and - _ .")
	a.Describe(&r.Address, "Address of the other repository, http:// or https://, which the server can reach. Gitea refuses those of local networks unless its setting migrations.ALLOW_LOCALNETWORKS is true.")
	a.Describe(&r.Interval, "Time between two pulls, such as 8h0m0s; at least 10m0s. Default: 8h0m0s.")
	a.SetDefault(&r.Interval, "8h0m0s")
	a.Describe(&r.Adopt, "Whether to take over a mirror of this address that is there already. Any other repository is left alone, and is an error.")
}

// Annotate documents the outputs.
func (r *MirrorState) Annotate(a infer.Annotator) {
	a.Describe(&r.RepositoryID, "Numeric ID of the repository.")
}

// MirrorAddressProblem says why an address cannot be mirrored, or nothing.
func MirrorAddressProblem(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Sprintf("%q is no address of a repository; write one such as https://git.example.org/owner/name", address)
	case u.User != nil:
		return "the address has a user name or a password; mirrors are of public repositories"
	}
	return ""
}

func intervalProblem(text string) string {
	interval, err := time.ParseDuration(text)
	if err != nil || interval < leastInterval {
		return fmt.Sprintf("%q is no time of at least %s; write one such as 8h0m0s", text, leastInterval)
	}
	return ""
}

// Check refuses what Gitea refuses.
func (*Mirror) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[MirrorArgs], error) {
	in, failures, err := infer.DefaultCheck[MirrorArgs](ctx, req.NewInputs)
	failures = checkNames(req.NewInputs, failures, map[string]func(string) string{
		"owner": OwnerNameProblem, "name": RepositoryNameProblem, "address": MirrorAddressProblem, "interval": intervalProblem,
	})
	return infer.CheckResponse[MirrorArgs]{Inputs: in, Failures: failures}, err
}

// Create creates the mirror and pulls for the first time, or takes over the mirror there is.
func (*Mirror) Create(ctx context.Context, req infer.CreateRequest[MirrorArgs]) (infer.CreateResponse[MirrorState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[MirrorState]{ID: in.Owner + "/" + in.Name, Output: MirrorState{MirrorArgs: in}}
	if req.DryRun {
		return resp, nil
	}
	c, err := client(ctx)
	if err != nil {
		return resp, err
	}
	doing := fmt.Sprintf("creating %s, a mirror of %s", resp.ID, in.Address)
	if there, r, err := c.GetRepo(in.Owner, in.Name); err == nil {
		if in.Adopt == nil || !*in.Adopt || !there.Mirror || !sameAddress(there.OriginalURL, in.Address) {
			return resp, fmt.Errorf("%s: there is a repository of this name that is no mirror of it, and stays as it is; rename or delete it, or leave the mirror out", doing)
		}
		if !there.Empty {
			resp.Output, err = editMirror(c, in)
			return resp, err
		}
		// Gitea leaves it like this when the first pull fails, or is interrupted.
		if r, err := c.DeleteRepo(in.Owner, in.Name); err != nil {
			return resp, apiError(doing, r, err)
		}
	} else if !notFound(r) {
		return resp, apiError(doing, r, err)
	}
	c.SetHTTPClient(&http.Client{Timeout: transferTimeout, Transport: direct}) // the answer comes after the first pull
	repo, r, err := c.MigrateRepo(gitea.MigrateRepoOption{
		RepoOwner: in.Owner, RepoName: in.Name, CloneAddr: in.Address, Service: gitea.GitServicePlain,
		Mirror: true, MirrorInterval: deref(in.Interval),
	})
	if err != nil {
		if there, _, err := c.GetRepo(in.Owner, in.Name); err == nil && there.Empty {
			_, _ = c.DeleteRepo(in.Owner, in.Name) // else the next attempt says that it is there
		}
		return resp, fmt.Errorf("%w; let the server reach that address (one of a local network needs Gitea's setting migrations.ALLOW_LOCALNETWORKS), or leave the mirror out", apiError(doing, r, err))
	}
	resp.Output.RepositoryID = int(repo.ID)
	return resp, nil
}

// sameAddress tells whether two addresses are of the same repository.
func sameAddress(a, b string) bool {
	short := func(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "/"), ".git") }
	return strings.EqualFold(short(a), short(b))
}

func editMirror(c *gitea.Client, in MirrorArgs) (MirrorState, error) {
	state := MirrorState{MirrorArgs: in}
	repo, r, err := c.EditRepo(in.Owner, in.Name, gitea.EditRepoOption{MirrorInterval: in.Interval})
	if err != nil {
		return state, apiError("updating mirror "+in.Owner+"/"+in.Name, r, err)
	}
	state.RepositoryID = int(repo.ID)
	return state, nil
}

// Update changes what can be changed in place.
func (*Mirror) Update(ctx context.Context, req infer.UpdateRequest[MirrorArgs, MirrorState]) (infer.UpdateResponse[MirrorState], error) {
	out := MirrorState{MirrorArgs: req.Inputs, RepositoryID: req.State.RepositoryID}
	if req.DryRun {
		return infer.UpdateResponse[MirrorState]{Output: out}, nil
	}
	c, err := client(ctx)
	if err != nil {
		return infer.UpdateResponse[MirrorState]{Output: req.State}, err
	}
	out, err = editMirror(c, req.Inputs)
	return infer.UpdateResponse[MirrorState]{Output: out}, err
}

// Read refreshes from the server. A repository that is no mirror any more is gone.
func (*Mirror) Read(ctx context.Context, req infer.ReadRequest[MirrorArgs, MirrorState]) (infer.ReadResponse[MirrorArgs, MirrorState], error) {
	kept := infer.ReadResponse[MirrorArgs, MirrorState](req)
	owner, name, ok := strings.Cut(req.ID, "/")
	if !ok {
		return kept, fmt.Errorf("reading mirror %q: the ID is owner/name", req.ID)
	}
	c, err := client(ctx)
	if err != nil {
		return kept, err
	}
	repo, r, err := c.GetRepo(owner, name)
	switch {
	case notFound(r) || err == nil && !repo.Mirror:
		return infer.ReadResponse[MirrorArgs, MirrorState]{}, nil
	case err != nil && req.State.RepositoryID != 0 && unreachable(ctx, err):
		return kept, nil
	case err != nil:
		return kept, apiError("reading mirror "+req.ID, r, err)
	}
	in := req.Inputs
	in.Owner, in.Name, in.Interval = owner, repo.Name, &repo.MirrorInterval
	if !sameAddress(in.Address, repo.OriginalURL) {
		in.Address = repo.OriginalURL
	}
	return infer.ReadResponse[MirrorArgs, MirrorState]{ID: repo.FullName, Inputs: in, State: MirrorState{MirrorArgs: in, RepositoryID: int(repo.ID)}}, nil
}

// Delete removes the repository with all it holds.
func (*Mirror) Delete(ctx context.Context, req infer.DeleteRequest[MirrorState]) (infer.DeleteResponse, error) {
	return infer.DeleteResponse{}, deleteRepository(ctx, req.State.Owner, req.State.Name)
}
