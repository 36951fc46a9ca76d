package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// What a stack has by default.
const (
	owner      = "gitops"
	repository = "gitops-pipeline"
)

// often is how often the forge is asked while something is timed.
const often = 100 * time.Millisecond

// errRed says that a run ended, and not with success.
var errRed = errors.New("the run is not green")

// forge asks a stack's forge as its administrator, with a token: a password
// would cost the forge a slow hash each time.
type forge struct {
	*gitea.Client
	base, token string
	http        *http.Client
}

func newForge(ctx context.Context, port int, password string) (*forge, error) {
	f := &forge{base: fmt.Sprintf("http://localhost:%d", port), http: &http.Client{Timeout: 15 * time.Second}}
	signIn, err := f.client(ctx, gitea.SetBasicAuth(config.AdminUser, password))
	if err != nil {
		return nil, err
	}
	token, _, err := signIn.CreateAccessToken(gitea.CreateAccessTokenOption{
		Name: "bench-" + rand.Text(), Scopes: []gitea.AccessTokenScope{gitea.AccessTokenScopeAll},
	})
	if err != nil {
		return nil, fmt.Errorf("making an access token: %w", err)
	}
	f.token = token.Token
	f.Client, err = f.client(ctx, gitea.SetToken(f.token))
	return f, err
}

func (f *forge) client(ctx context.Context, auth gitea.ClientOption) (*gitea.Client, error) {
	return gitea.NewClient(f.base, auth, gitea.SetContext(ctx), gitea.SetGiteaVersion(""), gitea.SetHTTPClient(f.http))
}

// clone is the address of a repository, with the token.
func (f *forge) clone(owner, name string) string {
	host := strings.TrimPrefix(f.base, "http://")
	return fmt.Sprintf("http://%s:%s@%s/%s/%s.git", config.AdminUser, f.token, host, owner, name)
}

// auth is the token as HTTP and Docker's configuration want it.
func (f *forge) auth() string {
	return base64.StdEncoding.EncodeToString([]byte(config.AdminUser + ":" + f.token))
}

// run is the run of a commit, or nil while there is none.
func (f *forge) run(name, commit string) (*gitea.ActionWorkflowRun, error) {
	list, _, err := f.ListRepoActionRuns(owner, name, gitea.ListRepoActionRunsOptions{
		ListOptions: gitea.ListOptions{Page: 1, PageSize: 1}, HeadSHA: commit,
	})
	if err != nil || len(list.WorkflowRuns) == 0 {
		return nil, err
	}
	return list.WorkflowRuns[0], nil
}

// green waits until the run of a commit has ended with success, and met, which
// may be nil, says yes.
func (f *forge) green(ctx context.Context, name, commit string, met func() (bool, error)) (*gitea.ActionWorkflowRun, error) {
	var run *gitea.ActionWorkflowRun
	err := poll(ctx, often, 5*time.Minute, "the run of "+commit, func() (bool, error) {
		if run == nil || run.Status != "completed" {
			var err error
			if run == nil {
				run, err = f.run(name, commit)
			} else {
				run, _, err = f.GetRepoActionRun(owner, name, run.ID)
			}
			if err != nil || run == nil || run.Status != "completed" {
				return false, err
			}
			if run.Conclusion != "success" {
				return true, fmt.Errorf("%w: run %d ended as %s", errRed, run.RunNumber, run.Conclusion)
			}
		}
		if met == nil {
			return true, nil
		}
		return met()
	})
	return run, err
}

// manifestTypes are those that the engine pushes.
const manifestTypes = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"

// manifest asks the registry for an image's manifest, by tag or digest; empty
// without an error means that it is not there.
func (f *forge) manifest(ctx context.Context, method, image, reference string) (body, digest string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("%s/v2/%s/%s/manifests/%s", f.base, owner, image, reference), nil)
	if err != nil {
		return "", "", err
	}
	req.SetBasicAuth(config.AdminUser, f.token)
	req.Header.Set("Accept", manifestTypes)
	resp, err := f.http.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return "", "", err
	case resp.StatusCode == http.StatusNotFound:
		return "", "", nil
	case resp.StatusCode != http.StatusOK:
		return "", "", fmt.Errorf("%s %s:%s: %s", method, image, reference, resp.Status)
	}
	return string(data), resp.Header.Get("Docker-Content-Digest"), nil
}

// pullable tells whether an image can be pulled by the digest that its tag has.
func (f *forge) pullable(ctx context.Context, image, tag string) (bool, error) {
	_, digest, err := f.manifest(ctx, http.MethodHead, image, tag)
	if err != nil || digest == "" {
		return false, err
	}
	_, found, err := f.manifest(ctx, http.MethodHead, image, digest)
	return found == digest, err
}

// firstLine is when the first job of a run wrote its first line.
func (f *forge) firstLine(name string, run int64) (time.Time, error) {
	list, _, err := f.ListRepoActionRunJobs(owner, name, run, gitea.ListRepoActionJobsOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("listing the jobs of run %d: %w", run, err)
	}
	first := time.Time{}
	for _, job := range list.Jobs {
		log, _, err := f.GetRepoActionJobLogs(owner, name, job.ID)
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the log of job %d: %w", job.ID, err)
		}
		stamp, _, _ := strings.Cut(string(log), " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			return time.Time{}, fmt.Errorf("the log of job %d does not begin with a time: %w", job.ID, err)
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	if first.IsZero() {
		return first, fmt.Errorf("run %d has no job", run)
	}
	return first, nil
}
