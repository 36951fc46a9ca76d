//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repository is a repository of the owner whose workflow the test writes.
type repository struct {
	t             *testing.T
	dir, url, api string
}

// actionsJob is what the tests read of a job.
type actionsJob struct {
	Name, Status, Conclusion string
	Steps                    []struct{ Name, Status string }
}

// newRepository makes one on the forge.
func (p *project) newRepository(name string) *repository {
	p.t.Helper()
	s := p.status()
	forge := strings.Replace(s.URLs["forgeUrl"], "http://", "http://gitops:"+s.Secrets["ownerPassword"]+"@", 1)
	resp, err := http.Post(forge+"/api/v1/user/repos", "application/json", strings.NewReader(`{"name":"`+name+`"}`))
	if err != nil {
		p.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		p.t.Fatalf("creating the repository: %s", resp.Status)
	}
	r := &repository{
		t: p.t, dir: p.t.TempDir(), url: forge + "/gitops/" + name + ".git", api: forge + "/api/v1/repos/gitops/" + name + "/actions",
	}
	git(p.t, r.dir, "init", "--quiet", "--initial-branch=main")
	return r
}

// push commits a workflow whose jobs take so many seconds, and pushes it.
func (r *repository) push(message string, names []string, seconds map[string]int) {
	r.t.Helper()
	workflow := "on: push\njobs:\n"
	for _, name := range names {
		workflow += fmt.Sprintf("  %s:\n    runs-on: self-hosted\n    steps:\n      - run: |\n          echo it runs\n          sleep %d\n", name, seconds[name])
	}
	file := filepath.Join(r.dir, ".gitea", "workflows", "faults.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(workflow), 0o600); err != nil {
		r.t.Fatal(err)
	}
	git(r.t, r.dir, "add", "--all")
	git(r.t, r.dir, "commit", "--quiet", "--message="+message)
	git(r.t, r.dir, "push", "--quiet", r.url, "HEAD:main")
}

// jobs are all jobs of the repository.
func (r *repository) jobs() []actionsJob {
	body, err := get(r.api + "/jobs?limit=50")
	if err != nil {
		return nil // asked again
	}
	var list struct{ Jobs []actionsJob }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		r.t.Fatalf("reading the jobs: %v\n%s", err, body)
	}
	return list.Jobs
}

func (r *repository) job(name string) actionsJob {
	for _, j := range r.jobs() {
		if j.Name == name {
			return j
		}
	}
	return actionsJob{}
}

// mustSucceed waits for a job's end, which must be a success.
func (r *repository) mustSucceed(name string) {
	r.t.Helper()
	r.await(name, time.Minute, "completed")
	if got := r.job(name).Conclusion; got != "success" {
		r.t.Errorf("%s: got a job that ended in %s, want success", name, got)
	}
}

// await polls until a job has a status, and returns how long that took.
func (r *repository) await(name string, limit time.Duration, status string) time.Duration {
	r.t.Helper()
	return r.poll(name, limit, status, func(j actionsJob) bool { return j.Status == status || j.Status == "completed" })
}

// awaitSteps polls until a job's step runs: its container is there.
func (r *repository) awaitSteps(name string) {
	r.t.Helper()
	r.poll(name, time.Minute, "running its step", func(j actionsJob) bool {
		return slices.ContainsFunc(j.Steps, func(s struct{ Name, Status string }) bool { return s.Status == "in_progress" })
	})
}

func (r *repository) poll(name string, limit time.Duration, what string, met func(actionsJob) bool) time.Duration {
	r.t.Helper()
	start := time.Now()
	var last actionsJob
	for ; time.Since(start) < limit; time.Sleep(200 * time.Millisecond) {
		if last = r.job(name); met(last) {
			return time.Since(start)
		}
	}
	r.t.Fatalf("job %s was not %s in %s; last: %+v of %+v", name, what, limit.Round(time.Second), last, r.jobs())
	return 0
}
