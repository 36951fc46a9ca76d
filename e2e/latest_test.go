//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
)

// awaitNewer is a step of a job that waits until a newer commit's image is published.
const awaitNewer = `      - name: Wait for a newer commit
        run: |
          until
            newest=$(git ls-remote "http://x:${{ github.token }}@${{ vars.REGISTRY_HOST }}/${{ github.repository }}" refs/heads/main | cut -f 1)
            [ "$newest" != "$REVISION" ] && docker pull --quiet "$IMAGE:$newest"
          do sleep 0.5; done
      - name: Push the image
`

// pushTwice pushes two commits close together, of which the first one's job is slow: it
// publishes its image after the second one's. latest must end at the second commit.
func (p *project) pushTwice() (slow, newest string) {
	p.t.Helper()
	const workflow, push = ".gitea/workflows/ci.yaml", "      - name: Push the image\n"
	p.edit(workflow, push, awaitNewer)
	slow = p.commitAndPush("Publish slowly")
	p.edit(workflow, awaitNewer, push)
	newest = p.commitAndPush("Publish fast")
	for _, commit := range []string{newest, slow} {
		if got := p.awaitRun(commit); got != "success" {
			p.t.Fatalf("the run of %s ended in %s, want success", commit, got)
		}
	}
	p.latestIs(newest)
	if p.status().digest(slow) == "" {
		p.t.Error("the slow commit has no image of its own")
	}
	p.leavesLatest(slow)
	return slow, newest
}

// runAgain runs an older commit's workflow again: latest must stay at the newest commit.
func (p *project) runAgain(older, newest string) {
	p.t.Helper()
	owner := p.owner()
	var runs struct {
		Runs []struct {
			ID      int64
			HeadSHA string `json:"head_sha"`
		} `json:"workflow_runs"`
	}
	base := "/repos/" + owner.user + "/gitops-pipeline/actions"
	owner.api(http.MethodGet, base+"/runs?head_sha="+older, nil, &runs)
	if len(runs.Runs) != 1 || runs.Runs[0].HeadSHA != older {
		p.t.Fatalf("got runs %+v, want the one of %s", runs.Runs, older)
	}
	owner.api(http.MethodPost, fmt.Sprintf("%s/runs/%d/rerun", base, runs.Runs[0].ID), nil, nil)
	if got := p.awaitRun(older); got != "success" {
		p.t.Errorf("got a repeated run that ended in %s, want success", got)
	}
	p.leavesLatest(older)
	p.latestIs(newest)
}

// latestIs compares the image that latest means with a commit's.
func (p *project) latestIs(commit string) {
	p.t.Helper()
	s := p.status()
	if got, want := s.digest("latest"), s.digest(commit); got == "" || got != want {
		p.t.Errorf("got latest at %q, want %q of %s", got, want, commit)
	}
}

// leavesLatest holds that a commit's job said that it leaves latest alone.
func (p *project) leavesLatest(commit string) {
	p.t.Helper()
	if log := p.owner().jobLog("gitops-pipeline", commit, "build-and-push"); !strings.Contains(log, "latest stays as it is") {
		p.t.Errorf("the job of %s does not say that it leaves latest alone:\n%s", commit, log)
	}
}

// jobLog is the log of a commit's job.
func (a account) jobLog(repository, commit, job string) (log string) {
	a.p.t.Helper()
	base := fmt.Sprintf("/repos/%s/%s/actions", a.user, repository)
	var list struct {
		Jobs []struct {
			ID      int64
			Name    string
			HeadSHA string `json:"head_sha"`
		}
	}
	a.api(http.MethodGet, base+"/jobs", nil, &list)
	for _, j := range list.Jobs {
		if j.HeadSHA == commit && j.Name == job {
			a.api(http.MethodGet, fmt.Sprintf("%s/jobs/%d/logs", base, j.ID), nil, &log)
			return log
		}
	}
	a.p.t.Fatalf("got jobs %+v, want %s of %s", list.Jobs, job, commit)
	return ""
}
