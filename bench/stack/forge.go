package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
)

// The owner and the name of a stack's repository by default.
const (
	Owner      = "gitops"
	Repository = "gitops-pipeline"
)

// Forge is a client of a stack's forge, signed in as its administrator with an access token.
// With a password, Gitea would compute a slow hash for each request.
type Forge struct {
	*gitea.Client
	host, user, token string
}

func newForge(ctx context.Context, host, user, password string) (*Forge, error) {
	f := &Forge{host: host, user: user}
	signIn, err := gitea.NewClient("http://"+host, gitea.SetBasicAuth(user, password), gitea.SetContext(ctx), gitea.SetGiteaVersion(""))
	if err != nil {
		return nil, err
	}
	token, _, err := signIn.CreateAccessToken(gitea.CreateAccessTokenOption{
		Name: "bench-" + rand.Text(), Scopes: []gitea.AccessTokenScope{gitea.AccessTokenScopeAll},
	})
	if err != nil {
		return nil, fmt.Errorf("creating an access token: %w", err)
	}
	f.token = token.Token
	f.Client, err = gitea.NewClient("http://"+host, gitea.SetToken(f.token), gitea.SetContext(ctx), gitea.SetGiteaVersion(""))
	return f, err
}

// Clone returns the clone URL of one of the owner's repositories, with the token.
func (f *Forge) Clone(name string) string {
	return fmt.Sprintf("http://%s:%s@%s/%s/%s.git", f.user, f.token, f.host, Owner, name)
}

// Auth returns the token in the format of Docker's config.json.
func (f *Forge) Auth() string {
	return base64.StdEncoding.EncodeToString([]byte(f.user + ":" + f.token))
}

// GoImage returns the image that the service is built with and that jobs run in.
func (f *Forge) GoImage() (string, error) {
	f.SetSudo(Owner) // the variable is the owner's
	defer f.SetSudo("")
	v, _, err := f.GetUserActionVariable("GO_IMAGE")
	if err != nil {
		return "", fmt.Errorf("reading the variable GO_IMAGE: %w", err)
	}
	return v.Data, nil
}

// CreateRepository creates a private repository of the owner.
func (f *Forge) CreateRepository(name string) error {
	if _, _, err := f.AdminCreateRepo(Owner, gitea.CreateRepoOption{Name: name, Private: true}); err != nil {
		return fmt.Errorf("creating the repository %s: %w", name, err)
	}
	return nil
}

// AwaitGreen waits until the run of a commit has succeeded, and returns its ID.
func (f *Forge) AwaitGreen(ctx context.Context, name, commit string) (run int64, err error) {
	err = poll(ctx, 5*time.Minute, "the run of "+commit, func() (bool, error) {
		list, _, err := f.ListRepoActionRuns(Owner, name, gitea.ListRepoActionRunsOptions{
			ListOptions: gitea.ListOptions{Page: 1, PageSize: 1}, HeadSHA: commit,
		})
		if err != nil || len(list.WorkflowRuns) == 0 || list.WorkflowRuns[0].Status != "completed" {
			return false, err
		}
		run = list.WorkflowRuns[0].ID
		if c := list.WorkflowRuns[0].Conclusion; c != "success" {
			err = fmt.Errorf("run %d of %s ended as %s", run, name, c)
		}
		return true, err
	})
	return run, err
}

// AwaitImage waits until the service's image can be pulled by the digest of a tag.
func (f *Forge) AwaitImage(ctx context.Context, tag string) error {
	return poll(ctx, time.Minute, "the image "+tag, func() (bool, error) {
		digest, err := f.digest(ctx, tag)
		if err != nil || digest == "" {
			return false, err
		}
		found, err := f.digest(ctx, digest)
		return found == digest, err
	})
}

// digest asks the registry for an image by tag or digest; "" if there is none.
func (f *Forge) digest(ctx context.Context, reference string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+f.host+"/v2/"+Owner+"/service/manifests/"+reference, nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(f.user, f.token)
	req.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	return resp.Header.Get("Docker-Content-Digest"), resp.Body.Close()
}

// FirstLine returns when the first job of a run wrote its first line.
func (f *Forge) FirstLine(name string, run int64) (time.Time, error) {
	list, _, err := f.ListRepoActionRunJobs(Owner, name, run, gitea.ListRepoActionJobsOptions{})
	if err != nil || len(list.Jobs) == 0 {
		return time.Time{}, errors.Join(fmt.Errorf("finding a job of run %d", run), err)
	}
	log, _, err := f.GetRepoActionJobLogs(Owner, name, list.Jobs[0].ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the log of job %d: %w", list.Jobs[0].ID, err)
	}
	stamp, _, _ := strings.Cut(string(log), " ")
	return time.Parse(time.RFC3339Nano, stamp)
}
