package gitea

import (
	"context"
	"fmt"

	"code.gitea.io/sdk/gitea"
)

// WaitingJobs returns the jobs of all repositories that wait for a runner.
func (c *Client) WaitingJobs(ctx context.Context) ([]*gitea.ActionWorkflowJob, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	var jobs []*gitea.ActionWorkflowJob
	for page := 1; ; page++ {
		list, _, err := api.ListAdminActionJobs(gitea.ListRepoActionJobsOptions{
			ListOptions: gitea.ListOptions{Page: page, PageSize: maxPage}, Status: "queued",
		})
		if err != nil {
			return nil, fmt.Errorf("listing the jobs that wait for a runner: %w", err)
		}
		if jobs = append(jobs, list.Jobs...); len(list.Jobs) < maxPage {
			return jobs, nil
		}
	}
}
