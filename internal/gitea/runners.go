package gitea

import (
	"context"
	"fmt"
	"strings"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// Runners returns every runner that is registered with the forge.
func (c *Client) Runners(ctx context.Context) ([]*gitea.ActionRunner, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	return paging.All(paging.Pages(func(o gitea.ListOptions) ([]*gitea.ActionRunner, int64, error) {
		list, _, err := api.ListAdminActionRunners(gitea.ListActionRunnersOptions{ListOptions: o})
		if err != nil {
			return nil, 0, fmt.Errorf("listing the runners: %w", err)
		}
		return list.Runners, list.TotalCount, nil
	}))
}

// RunnersNamed returns the runners of that name, and those whose name continues
// with a dash after it.
func (c *Client) RunnersNamed(ctx context.Context, name string) ([]*gitea.ActionRunner, error) {
	all, err := c.Runners(ctx)
	if err != nil {
		return nil, err
	}
	var found []*gitea.ActionRunner
	for _, r := range all {
		if r.Name == name || strings.HasPrefix(r.Name, name+"-") {
			found = append(found, r)
		}
	}
	return found, nil
}

// DisableRunners keeps the runners of that name from taking another job.
func (c *Client) DisableRunners(ctx context.Context, name string) error {
	return c.setDisabled(ctx, "disabling", name, true)
}

// EnableRunners lets the runners of that name take jobs again.
func (c *Client) EnableRunners(ctx context.Context, name string) error {
	return c.setDisabled(ctx, "enabling", name, false)
}

func (c *Client) setDisabled(ctx context.Context, doing, name string, disabled bool) error {
	return c.eachRunner(ctx, doing, name, func(api *gitea.Client, id int64) (*gitea.Response, error) {
		_, resp, err := api.UpdateAdminActionRunner(id, gitea.EditActionRunnerOption{Disabled: &disabled})
		return resp, err
	})
}

// DeleteRunners unregisters the runners of that name: their credentials are void.
func (c *Client) DeleteRunners(ctx context.Context, name string) error {
	return c.eachRunner(ctx, "unregistering", name, func(api *gitea.Client, id int64) (*gitea.Response, error) {
		return api.DeleteAdminActionRunner(id)
	})
}

func (c *Client) eachRunner(ctx context.Context, doing, name string, do func(api *gitea.Client, id int64) (*gitea.Response, error)) error {
	api, err := c.api(ctx)
	if err != nil {
		return err
	}
	runners, err := c.RunnersNamed(ctx, name)
	if err != nil {
		return err
	}
	for _, r := range runners {
		if resp, err := do(api, r.ID); err != nil && !notFound(resp) {
			return fmt.Errorf("%s runner %s: %w", doing, r.Name, err)
		}
	}
	return nil
}
