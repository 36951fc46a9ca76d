// Package forge asks the stack's forge what the launcher shows: workflow runs,
// runners, and published images.
package gitea

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
)

// Client talks to one forge as its admin, about one repository.
type Client struct {
	base, user, password string
	Owner, Repository    string
}

// New returns a Client; it asks nothing yet.
func New(baseURL, user, password, owner, repository string) *Client {
	return &Client{base: baseURL, user: user, password: password, Owner: owner, Repository: repository}
}

func (c *Client) api(ctx context.Context) (*gitea.Client, error) {
	api, err := gitea.NewClient(c.base,
		gitea.SetContext(ctx), gitea.SetBasicAuth(c.user, c.password), gitea.SetGiteaVersion(""),
		gitea.SetHTTPClient(&http.Client{Timeout: 15 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", c.base, err)
	}
	return api, nil
}

// Version is the forge's version; it tells whether the forge answers.
func (c *Client) Version(ctx context.Context) (string, error) {
	api, err := c.api(ctx)
	if err != nil {
		return "", err
	}
	version, _, err := api.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", c.base, err)
	}
	return version, nil
}

// Runs returns the latest workflow runs, newest first; commit may be "".
func (c *Client) Runs(ctx context.Context, commit string, limit int) ([]*gitea.ActionWorkflowRun, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := api.ListRepoActionRuns(c.Owner, c.Repository, gitea.ListRepoActionRunsOptions{
		ListOptions: gitea.ListOptions{Page: 1, PageSize: limit}, HeadSHA: commit,
	})
	if err != nil {
		return nil, fmt.Errorf("listing the workflow runs of %s/%s: %w", c.Owner, c.Repository, err)
	}
	return list.WorkflowRuns, nil
}

// Run returns one run.
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

// Jobs returns the jobs of a run and their steps.
func (c *Client) Jobs(ctx context.Context, run int64) ([]*gitea.ActionWorkflowJob, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	var jobs []*gitea.ActionWorkflowJob
	for page := 1; ; page++ { // a matrix may be more than one
		list, _, err := api.ListRepoActionRunJobs(c.Owner, c.Repository, run, gitea.ListRepoActionJobsOptions{
			ListOptions: gitea.ListOptions{Page: page, PageSize: maxPage},
		})
		if err != nil {
			return nil, fmt.Errorf("listing the jobs of run %d: %w", run, err)
		}
		if jobs = append(jobs, list.Jobs...); len(list.Jobs) < maxPage {
			return jobs, nil
		}
	}
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

// Image is one published version of a container image.
type Image struct {
	Name    string    `json:"name"`
	Tag     string    `json:"tag"`
	Digest  string    `json:"digest,omitempty"`
	Created time.Time `json:"created"`
}

// Images returns the tags that the owner has published, newest first. The forge
// also lists each untagged manifest under its digest; those are left out.
func (c *Client) Images(ctx context.Context) ([]Image, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	packages, response, err := api.ListPackages(c.Owner, gitea.ListPackagesOptions{ListOptions: gitea.ListOptions{Page: 1, PageSize: maxPage}})
	if response != nil && response.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", c.Owner, err)
	}
	var images []Image
	for _, p := range packages {
		if p.Type == "container" && !strings.HasPrefix(p.Version, "sha256:") {
			images = append(images, Image{Name: p.Name, Tag: p.Version, Created: p.CreatedAt})
		}
	}
	return images, nil
}
