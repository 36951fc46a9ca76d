package gitea

import (
	"context"
	"fmt"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// The API's names for the states of a job. The pages of Gitea call the third blocked: a
// job that is held back until others have ended, or until its run is approved.
const (
	queued    = "queued"
	running   = "in_progress"
	blocked   = "waiting"
	completed = "completed"
)

// Unreleased is why a job of UnreleasedJobs never starts.
const Unreleased = "the jobs that it needs have ended, and the forge has not released it"

// releaseTime is how long the forge may take to release a job after those it needs have
// ended. It does so within the request that ends the last of them.
const releaseTime = 10 * time.Second

// WaitingJobs returns the jobs of all repositories that wait for a runner.
func (c *Client) WaitingJobs(ctx context.Context) ([]*gitea.ActionWorkflowJob, error) {
	return c.jobsOfAll(ctx, queued)
}

// UnreleasedJobs returns the jobs of all repositories that the forge holds back although
// nothing is left that they could wait for. A forge and a runner that were killed together,
// within the milliseconds in which a job ended, leave such a job.
func (c *Client) UnreleasedJobs(ctx context.Context) ([]*gitea.ActionWorkflowJob, error) {
	held, err := c.jobsOfAll(ctx, blocked)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	// A job may also wait for another run of its repository, by a concurrency group.
	busy := map[string]bool{}
	for _, state := range []string{queued, running} {
		jobs, err := c.jobsOfAll(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, job := range jobs {
			busy[repositoryURL(job)] = true
		}
	}
	var unreleased []*gitea.ActionWorkflowJob
	ended := map[int64]bool{} // by run
	for _, job := range held {
		if busy[repositoryURL(job)] {
			continue
		}
		if _, known := ended[job.RunID]; !known {
			if ended[job.RunID], err = c.endedBefore(ctx, job, time.Now().Add(-releaseTime)); err != nil {
				return nil, err
			}
		}
		if ended[job.RunID] {
			unreleased = append(unreleased, job)
		}
	}
	return unreleased, nil
}

// endedBefore tells whether a job's run has begun, and every job of it that is not held
// back ended before a time. A run that has not begun waits to be approved.
func (c *Client) endedBefore(ctx context.Context, job *gitea.ActionWorkflowJob, limit time.Time) (bool, error) {
	path := strings.Split(repositoryURL(job), "/")
	if len(path) < 2 {
		return false, fmt.Errorf("the address %q of job %d names no repository", job.RunURL, job.ID)
	}
	jobs, err := c.jobsOf(ctx, path[len(path)-2], path[len(path)-1], job.RunID)
	begun := false
	for _, j := range jobs {
		if j.Status == blocked {
			continue
		}
		if begun = true; j.Status != completed || j.CompletedAt.After(limit) {
			return false, err
		}
	}
	return begun, err
}

// repositoryURL is the part of a job's address that its repository's jobs have in common.
func repositoryURL(job *gitea.ActionWorkflowJob) string {
	repository, _, _ := strings.Cut(job.RunURL, "/actions/")
	return repository
}

func (c *Client) jobsOfAll(ctx context.Context, state string) ([]*gitea.ActionWorkflowJob, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	return paging.All(paging.Pages(func(o gitea.ListOptions) ([]*gitea.ActionWorkflowJob, int64, error) {
		list, _, err := api.ListAdminActionJobs(gitea.ListRepoActionJobsOptions{ListOptions: o, Status: state})
		if err != nil {
			return nil, 0, fmt.Errorf("listing the jobs whose status is %s: %w", state, err)
		}
		return list.Jobs, list.TotalCount, nil
	}))
}
