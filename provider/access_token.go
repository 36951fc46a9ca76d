package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"code.gitea.io/sdk/gitea"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// AccessToken is a user's access token.
type AccessToken struct{}

// AccessTokenArgs are the inputs of an AccessToken.
type AccessTokenArgs struct {
	Username string   `pulumi:"username"`
	Password string   `pulumi:"password" provider:"secret"`
	Name     string   `pulumi:"name"`
	Scopes   []string `pulumi:"scopes"`
	Adopt    *bool    `pulumi:"adopt,optional"`
}

// AccessTokenState is the state of an AccessToken.
type AccessTokenState struct {
	AccessTokenArgs
	TokenID int    `pulumi:"tokenId"`
	Token   string `pulumi:"token" provider:"secret"`
}

var (
	_ infer.CustomDiff[AccessTokenArgs, AccessTokenState]   = (*AccessToken)(nil)
	_ infer.CustomUpdate[AccessTokenArgs, AccessTokenState] = (*AccessToken)(nil)
	_ infer.CustomRead[AccessTokenArgs, AccessTokenState]   = (*AccessToken)(nil)
	_ infer.CustomDelete[AccessTokenState]                  = (*AccessToken)(nil)
)

// Annotate documents the resource.
func (r *AccessToken) Annotate(a infer.Annotator) {
	a.Describe(r, "An access token. The server shows it once, at its creation; it cannot be imported.")
}

// Annotate documents the inputs.
func (r *AccessTokenArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Username, "Whose token it is.")
	a.Describe(&r.Password, "The user's password: Gitea creates tokens for their own user only.")
	a.Describe(&r.Name, "Name of the token, unique for the user.")
	a.Describe(&r.Scopes, "What the token may do, such as write:package.")
	a.Describe(&r.Adopt, "Replace a token of this name that exists already, instead of failing. Default: false.")
}

// Annotate documents the outputs.
func (r *AccessTokenState) Annotate(a infer.Annotator) {
	a.Describe(&r.TokenID, "Numeric ID of the token.")
	a.Describe(&r.Token, "The token itself.")
}

// Create creates the token.
func (*AccessToken) Create(ctx context.Context, req infer.CreateRequest[AccessTokenArgs]) (infer.CreateResponse[AccessTokenState], error) {
	in := req.Inputs
	resp := infer.CreateResponse[AccessTokenState]{ID: in.Username + "/" + in.Name, Output: AccessTokenState{AccessTokenArgs: in}}
	if req.DryRun {
		return resp, nil
	}
	c, err := clientAs(ctx, in.Username, in.Password)
	if err != nil {
		return resp, err
	}
	doing := "creating access token " + resp.ID
	if in.Adopt != nil && *in.Adopt {
		old, err := findToken(c, in.Name)
		if err != nil {
			return resp, fmt.Errorf("%s: %w", doing, err)
		}
		if old != nil {
			if r, err := c.DeleteAccessToken(old.ID); err != nil {
				return resp, apiError(doing, r, err)
			}
		}
	}
	scopes := make([]gitea.AccessTokenScope, len(in.Scopes))
	for i, s := range in.Scopes {
		scopes[i] = gitea.AccessTokenScope(s)
	}
	t, r, err := c.CreateAccessToken(gitea.CreateAccessTokenOption{Name: in.Name, Scopes: scopes})
	if err != nil {
		return resp, apiError(doing, r, err)
	}
	resp.Output.TokenID, resp.Output.Token = int(t.ID), t.Token
	return resp, nil
}

// findToken returns the user's token of a name, or nil.
func findToken(c *gitea.Client, name string) (*gitea.AccessToken, error) {
	tokens, r, err := c.ListAccessTokens(gitea.ListAccessTokensOptions{ListOptions: gitea.ListOptions{Page: -1}})
	if err != nil && r != nil && r.Response != nil && r.StatusCode == http.StatusUnauthorized {
		err = fmt.Errorf("%w: %w", errPassword, err)
	}
	if err != nil {
		return nil, apiError("listing access tokens", r, err)
	}
	i := slices.IndexFunc(tokens, func(t *gitea.AccessToken) bool { return t.Name == name })
	if i < 0 {
		return nil, nil
	}
	return tokens[i], nil
}

// Diff replaces a token whose owner, name or scopes change: Gitea changes none
// of them. It is written out because the default does not look into lists.
func (*AccessToken) Diff(_ context.Context, req infer.DiffRequest[AccessTokenArgs, AccessTokenState]) (infer.DiffResponse, error) {
	old, in := req.State.AccessTokenArgs, req.Inputs
	detail := map[string]p.PropertyDiff{}
	for name, changed := range map[string]bool{
		"username": old.Username != in.Username,
		"name":     old.Name != in.Name,
		"scopes":   !slices.Equal(old.Scopes, in.Scopes),
	} {
		if changed {
			detail[name] = p.PropertyDiff{Kind: p.UpdateReplace, InputDiff: true}
		}
	}
	// Under the same name the old one has to go first.
	first := len(detail) > 0 && old.Username == in.Username && old.Name == in.Name
	for name, changed := range map[string]bool{
		"password": old.Password != in.Password,
		"adopt":    deref(old.Adopt) != deref(in.Adopt),
	} {
		if changed {
			detail[name] = p.PropertyDiff{Kind: p.Update, InputDiff: true}
		}
	}
	return infer.DiffResponse{HasChanges: len(detail) > 0, DetailedDiff: detail, DeleteBeforeReplace: first}, nil
}

// Update records a new password; nothing changes on the server.
func (*AccessToken) Update(_ context.Context, req infer.UpdateRequest[AccessTokenArgs, AccessTokenState]) (infer.UpdateResponse[AccessTokenState], error) {
	out := req.State
	out.AccessTokenArgs = req.Inputs
	return infer.UpdateResponse[AccessTokenState]{Output: out}, nil
}

// Read finds out whether the token is still there.
func (*AccessToken) Read(ctx context.Context, req infer.ReadRequest[AccessTokenArgs, AccessTokenState]) (infer.ReadResponse[AccessTokenArgs, AccessTokenState], error) {
	kept := infer.ReadResponse[AccessTokenArgs, AccessTokenState](req)
	if req.State.TokenID == 0 {
		return kept, fmt.Errorf("importing access token %s: the server does not show a token again; create a new one", req.ID)
	}
	c, err := clientAs(ctx, req.State.Username, req.State.Password)
	if err != nil {
		return kept, err
	}
	t, err := findToken(c, req.State.Name)
	switch {
	case err != nil && (unreachable(ctx, err) || outdated(ctx, err)):
		return kept, nil
	case err != nil:
		return kept, err
	case t == nil || int(t.ID) != req.State.TokenID:
		return infer.ReadResponse[AccessTokenArgs, AccessTokenState]{}, nil
	}
	return kept, nil
}

// Delete revokes the token.
func (*AccessToken) Delete(ctx context.Context, req infer.DeleteRequest[AccessTokenState]) (infer.DeleteResponse, error) {
	c, err := clientAs(ctx, req.State.Username, req.State.Password)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	r, err := c.DeleteAccessToken(int64(req.State.TokenID))
	switch {
	case notFound(r):
		return infer.DeleteResponse{}, nil
	case r != nil && r.Response != nil && r.StatusCode == http.StatusUnauthorized:
		// The user's password was changed in the same update.
		return infer.DeleteResponse{}, deleteTokenOf(ctx, req.State.Username, req.State.TokenID)
	}
	return infer.DeleteResponse{}, apiError("deleting access token "+req.ID, r, err)
}

// deleteTokenOf revokes a user's token as the administrator. The client has no method for
// this call.
func deleteTokenOf(ctx context.Context, username string, id int) error {
	cfg := infer.GetConfig[Config](ctx)
	path := fmt.Sprintf("/api/v1/users/%s/tokens/%d", url.PathEscape(username), id)
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, cfg.BaseURL+path, nil)
	if err != nil {
		return fmt.Errorf("deleting access token %d of %s: %w", id, username, err)
	}
	req.SetBasicAuth(cfg.Username, cfg.Password)
	resp, err := httpClient.Do(req)
	if err != nil {
		return fmt.Errorf("deleting access token %d of %s: %w", id, username, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusNotFound {
		return fmt.Errorf("deleting access token %d of %s: DELETE %s answered %s", id, username, path, resp.Status)
	}
	return nil
}

// errPassword says that the server refuses the recorded password.
var errPassword = errors.New("the server refuses the recorded password")

// outdated tells whether err means that the recorded password is not the
// user's any more, as after an interrupted rotation: the next update sets it.
func outdated(ctx context.Context, err error) bool {
	if !errors.Is(err, errPassword) {
		return false
	}
	p.GetLogger(ctx).Warningf("%v; the next update records the new one", err)
	return true
}
