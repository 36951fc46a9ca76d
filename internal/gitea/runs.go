package gitea

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// ErrNoRun says that the repository has no such workflow run.
var ErrNoRun = errors.New("there is no such workflow run")

// runs goes through the workflow runs, newest first; commit may be empty.
func (c *Client) runs(ctx context.Context, commit string) (iter.Seq2[*gitea.ActionWorkflowRun, error], error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	return paging.Pages(func(o gitea.ListOptions) ([]*gitea.ActionWorkflowRun, int64, error) {
		list, _, err := api.ListRepoActionRuns(c.Owner, c.Repository, gitea.ListRepoActionRunsOptions{ListOptions: o, HeadSHA: commit})
		if err != nil {
			return nil, 0, fmt.Errorf("listing the workflow runs of %s/%s: %w", c.Owner, c.Repository, err)
		}
		return list.WorkflowRuns, list.TotalCount, nil
	}), nil
}

// Runs returns the latest workflow runs, newest first, at most limit; commit may be empty.
func (c *Client) Runs(ctx context.Context, commit string, limit int) ([]*gitea.ActionWorkflowRun, error) {
	list, err := c.runs(ctx, commit)
	if err != nil {
		return nil, err
	}
	var found []*gitea.ActionWorkflowRun
	for run, err := range list {
		if err != nil {
			return nil, err
		}
		if found = append(found, run); len(found) >= limit {
			break
		}
	}
	return found, nil
}

// Numbered returns the run with a number, or the newest for 0. The forge counts the
// runs of each repository, and finds them only by an ID of its own.
func (c *Client) Numbered(ctx context.Context, number int64) (*gitea.ActionWorkflowRun, error) {
	list, err := c.runs(ctx, "")
	if err != nil {
		return nil, err
	}
	newest := int64(0)
	for run, err := range list {
		if err != nil {
			return nil, err
		}
		if newest = max(newest, run.RunNumber); number == 0 || run.RunNumber == number {
			return run, nil
		}
		if run.RunNumber < number {
			break
		}
	}
	if newest == 0 {
		return nil, fmt.Errorf("%w: %s/%s has none yet", ErrNoRun, c.Owner, c.Repository)
	}
	return nil, fmt.Errorf("%w: %s/%s has no run %d; the newest is %d", ErrNoRun, c.Owner, c.Repository, number, newest)
}

// Run returns one run by its ID.
func (c *Client) Run(ctx context.Context, id int64) (*gitea.ActionWorkflowRun, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	run, _, err := api.GetRepoActionRun(c.Owner, c.Repository, id)
	if err != nil {
		return nil, fmt.Errorf("reading workflow run %d: %w", id, err)
	}
	return run, nil
}

// Jobs returns all jobs of a run, with their steps.
func (c *Client) Jobs(ctx context.Context, run int64) ([]*gitea.ActionWorkflowJob, error) {
	return c.jobsOf(ctx, c.Owner, c.Repository, run)
}

func (c *Client) jobsOf(ctx context.Context, owner, repository string, run int64) ([]*gitea.ActionWorkflowJob, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	return paging.All(paging.Pages(func(o gitea.ListOptions) ([]*gitea.ActionWorkflowJob, int64, error) {
		list, _, err := api.ListRepoActionRunJobs(owner, repository, run, gitea.ListRepoActionJobsOptions{ListOptions: o})
		if err != nil {
			return nil, 0, fmt.Errorf("listing the jobs of run %d of %s/%s: %w", run, owner, repository, err)
		}
		return list.Jobs, list.TotalCount, nil
	}))
}

// Log returns a job's log.
func (c *Client) Log(ctx context.Context, job int64) (string, error) {
	api, err := c.api(ctx)
	if err != nil {
		return "", err
	}
	text, _, err := api.GetRepoActionJobLogs(c.Owner, c.Repository, job)
	if err != nil {
		return "", fmt.Errorf("reading the log of job %d: %w", job, err)
	}
	return string(text), nil
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
