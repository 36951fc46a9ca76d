// Package gitea is a client of the stack's forge: of its workflow runs, runners and
// published images. It signs in once, with an access token that Close revokes.
package gitea

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// Limits of talking to the forge.
const (
	requestLimit = 15 * time.Second
	closeLimit   = 10 * time.Second
	// forgotten is the age of a token whose launcher was killed: no command takes so long.
	forgotten = 24 * time.Hour
)

// direct asks the forge without the proxy that this process's environment may
// name for the internet: the forge is on the Docker host.
var direct http.RoundTripper = stackhttp.Transport()

// tokenPrefix starts the names of the launcher's tokens in the administrator's settings.
const tokenPrefix = "gitops-pipeline-launcher-"

// scopes are what the launcher does as administrator, and no more.
var scopes = []gitea.AccessTokenScope{"write:admin", "read:repository", "read:package"}

// Client talks to one forge as its administrator, about one repository. The
// administrator's password is sent to get a token, and to revoke it, and for nothing
// else: the forge takes a tenth of a second to check a password.
type Client struct {
	base, user        string
	Owner, Repository string

	mu       sync.Mutex
	password string
	token    *gitea.AccessToken
}

// New returns a Client. It sends nothing yet.
func New(baseURL, user, password, owner, repository string) *Client {
	return &Client{base: baseURL, user: user, password: password, Owner: owner, Repository: repository}
}

// SetPassword tells the Client of a new password. The token stays valid.
func (c *Client) SetPassword(password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.password = password
}

// Close revokes the token, and those of launchers that were killed. A Client that
// never signed in has nothing to do. An operation that was interrupted closes too, so
// it takes no context.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	api, err := c.client(ctx, gitea.SetBasicAuth(c.user, c.password))
	if err != nil {
		return err
	}
	var failed error
	for token, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.AccessToken, int64, error) {
		list, response, err := api.ListAccessTokens(gitea.ListAccessTokensOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		if err != nil {
			failed = errors.Join(failed, err)
			break
		}
		old := strings.HasPrefix(token.Name, tokenPrefix) && !token.Created.IsZero() && time.Since(token.Created) > forgotten
		if token.ID != c.token.ID && old {
			_, _ = api.DeleteAccessToken(token.ID) // another command may have been quicker
		}
	}
	if response, err := api.DeleteAccessToken(c.token.ID); err != nil && !notFound(response) {
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return fmt.Errorf("revoking the launcher's access token: %w", failed)
	}
	c.token = nil
	return nil
}

// api is a client with the token, which the first call gets.
func (c *Client) api(ctx context.Context) (*gitea.Client, error) {
	token, err := c.signIn(ctx)
	if err != nil {
		return nil, err
	}
	return c.client(ctx, gitea.SetToken(token))
}

func (c *Client) signIn(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != nil {
		return c.token.Token, nil
	}
	api, err := c.client(ctx, gitea.SetBasicAuth(c.user, c.password))
	if err != nil {
		return "", err
	}
	token, _, err := api.CreateAccessToken(gitea.CreateAccessTokenOption{Name: tokenPrefix + rand.Text(), Scopes: scopes})
	if err != nil {
		return "", fmt.Errorf("signing in to %s as %s: %w", c.base, c.user, err)
	}
	c.token = token
	return token.Token, nil
}

func (c *Client) client(ctx context.Context, options ...gitea.ClientOption) (*gitea.Client, error) {
	api, err := gitea.NewClient(c.base, append(options,
		gitea.SetContext(ctx), gitea.SetGiteaVersion(""), gitea.SetHTTPClient(&http.Client{Timeout: requestLimit, Transport: direct}))...)
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", c.base, err)
	}
	return api, nil
}

// Version is the forge's version. Everybody may ask for it: it shows whether the forge answers.
func (c *Client) Version(ctx context.Context) (string, error) {
	api, err := c.client(ctx)
	if err != nil {
		return "", err
	}
	version, _, err := api.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", c.base, err)
	}
	return version, nil
}

func notFound(response *gitea.Response) bool {
	return response != nil && response.Response != nil && response.StatusCode == http.StatusNotFound
}
