package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// buildService builds the service's image from the checkout.
func (h *handStack) buildService(ctx context.Context) error {
	_, err := command(ctx, filepath.Join(h.dir, "service"), []string{"DOCKER_BUILDKIT=1"}, h.b.cli,
		"build", "--build-arg", "GO_IMAGE="+h.goImage,
		"--label", naming.StackLabel+"="+h.name, "--tag", "gitops-pipeline-"+h.name+"/service:1", ".")
	return err
}

func (h *handStack) organization() error {
	_, _, err := h.forge.CreateOrg(gitea.CreateOrgOption{Name: config.ActionsOrganization})
	return err
}

// messages reads the engine's progress to its end, and returns the error in it.
func messages(r io.Reader) error {
	for lines := json.NewDecoder(r); ; {
		var m struct{ Error string }
		if err := lines.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
	}
}

// actions makes and fills the repositories of the actions.
func (h *handStack) actions(ctx context.Context) error {
	folders, err := os.ReadDir(filepath.Join(h.dir, "actions"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		name := folder.Name()
		if _, _, err := h.forge.CreateOrgRepo(config.ActionsOrganization, gitea.CreateRepoOption{Name: name}); err != nil {
			return fmt.Errorf("making the repository %s: %w", name, err)
		}
		dir, err := os.MkdirTemp(h.b.tmp, "action-")
		if err != nil {
			return err
		}
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(h.dir, "actions", name))); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"init", "--quiet", "--initial-branch=main"}, {"add", "--all"}, {"commit", "--quiet", "--message=v4"},
			{"push", "--quiet", h.forge.clone(config.ActionsOrganization, name), "HEAD:refs/heads/main", "HEAD:refs/tags/v4"},
		} {
			if err := git(ctx, dir, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// repository makes the user, the repository, and what its workflow reads.
func (h *handStack) repository() error {
	password, stay := rand.Text(), false
	if _, _, err := h.forge.AdminCreateUser(gitea.CreateUserOption{
		Username: owner, Email: owner + "@noreply.localhost", Password: password, MustChangePassword: &stay,
	}); err != nil {
		return fmt.Errorf("making the user: %w", err)
	}
	if _, _, err := h.forge.AdminCreateRepo(owner, gitea.CreateRepoOption{Name: repository, Private: true}); err != nil {
		return fmt.Errorf("making the repository: %w", err)
	}
	user, err := gitea.NewClient(h.forge.base, gitea.SetBasicAuth(owner, password), gitea.SetGiteaVersion(""))
	if err != nil {
		return err
	}
	token, _, err := user.CreateAccessToken(gitea.CreateAccessTokenOption{
		Name: "registry", Scopes: []gitea.AccessTokenScope{gitea.AccessTokenScopeWritePackage},
	})
	if err != nil {
		return fmt.Errorf("making the registry's token: %w", err)
	}
	for name, value := range map[string]string{"REGISTRY_USER": owner, "REGISTRY_PASS": token.Token} {
		if _, err := h.forge.CreateRepoActionSecret(owner, repository, name, gitea.CreateOrUpdateSecretOption{Data: value}); err != nil {
			return fmt.Errorf("making the secret %s: %w", name, err)
		}
	}
	for name, value := range map[string]string{
		"REGISTRY_HOST": fmt.Sprintf("localhost:%d", h.http), "GO_IMAGE": h.goImage,
	} {
		if _, err := h.forge.CreateRepoActionVariable(owner, repository, name, value); err != nil {
			return fmt.Errorf("making the variable %s: %w", name, err)
		}
	}
	return nil
}
