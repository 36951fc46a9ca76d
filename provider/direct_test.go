//go:build !integration

package provider

import (
	"testing"

	"code.gitea.io/sdk/gitea"
	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/gitops-pipeline/gitops-pipeline/internal/proxytest"
)

// TestServerIsAskedDirectly asks by all the ways that the provider has: the API's client, plain
// HTTP and Git.
func TestServerIsAskedDirectly(t *testing.T) {
	t.Parallel()
	proxytest.Directly(t, map[string]func(url string) error{
		"API": func(url string) error {
			c, err := Config{BaseURL: url}.connect(t.Context(), gitea.SetToken("token"))
			if err != nil {
				t.Error(err)
			}
			_, _, err = c.ServerVersion()
			return err
		},
		"HTTP": func(url string) error {
			resp, err := httpClient.Get(url)
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		},
		"Git": func(url string) error {
			_, err := seed{url: url + "/gitops/shop.git"}.refs(t.Context())
			return err
		},
		"git program": func(url string) error {
			dir := t.TempDir()
			repo, err := git.PlainInit(dir, false)
			if err != nil {
				t.Fatal(err)
			}
			head, err := store(repo, &object.Commit{Author: seedAuthor(seedTime), Committer: seedAuthor(seedTime), TreeHash: plumbing.ZeroHash})
			if err != nil {
				t.Fatal(err)
			}
			return seed{url: url + "/gitops/shop.git", source: dir}.push(t.Context(), repo, []config.RefSpec{config.RefSpec(head.String() + ":refs/heads/main")})
		},
	})
}
