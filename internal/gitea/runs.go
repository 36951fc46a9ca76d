package gitea

import (
	"context"
	"errors"
	"fmt"

	"code.gitea.io/sdk/gitea"
)

// ErrNoRun says that the repository has no such workflow run.
var ErrNoRun = errors.New("there is no such workflow run")

// maxPage is the most that the forge gives at once, by its default.
const maxPage = 50

// Numbered returns the run with a number, or the newest for 0. The forge counts
// the runs of each repository, and finds them only by an ID of its own.
func (c *Client) Numbered(ctx context.Context, number int64) (*gitea.ActionWorkflowRun, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	newest := int64(0)
	for page := 1; ; page++ {
		list, _, err := api.ListRepoActionRuns(c.Owner, c.Repository, gitea.ListRepoActionRunsOptions{
			ListOptions: gitea.ListOptions{Page: page, PageSize: maxPage},
		})
		if err != nil {
			return nil, fmt.Errorf("listing the workflow runs of %s/%s: %w", c.Owner, c.Repository, err)
		}
		for _, run := range list.WorkflowRuns { // newest first
			if newest = max(newest, run.RunNumber); number == 0 || run.RunNumber == number {
				return run, nil
			}
		}
		if n := len(list.WorkflowRuns); n == 0 || list.WorkflowRuns[n-1].RunNumber < number {
			break
		}
	}
	if newest == 0 {
		return nil, fmt.Errorf("%w: %s/%s has none yet", ErrNoRun, c.Owner, c.Repository)
	}
	return nil, fmt.Errorf("%w: %s/%s has no run %d; the newest is %d", ErrNoRun, c.Owner, c.Repository, number, newest)
}

// File returns a file of the repository at a commit, branch or tag.
func (c *Client) File(ctx context.Context, ref, path string) ([]byte, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	data, _, err := api.GetFile(c.Owner, c.Repository, ref, path)
	if err != nil {
		return nil, fmt.Errorf("reading %s at %s: %w", path, ref, err)
	}
	return data, nil
}
