//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// actionsJob is what the tests read of a job.
type actionsJob struct {
	Name, Status, Conclusion string
	Steps                    []struct{ Name, Status string }
}

// push pushes a workflow in which each job runs its script.
func (r *checkout) push(names []string, scripts map[string]string) {
	r.p.t.Helper()
	workflow := "on: push\njobs:\n"
	for _, name := range names {
		workflow += fmt.Sprintf("  %s:\n    runs-on: self-hosted\n    steps:\n      - run: |\n          echo it runs\n          %s\n", name, scripts[name])
	}
	r.commit(map[string]string{".gitea/workflows/sleep.yaml": workflow})
}

// jobs returns all jobs of the repository.
func (r *checkout) jobs() []actionsJob {
	code, body, err := r.try(http.MethodGet, fmt.Sprintf("/repos/%s/%s/actions/jobs?limit=50", r.user, r.name), "")
	if err != nil || code != http.StatusOK {
		return nil // the caller asks again
	}
	var list struct{ Jobs []actionsJob }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		r.p.t.Fatalf("reading the jobs: %v\n%s", err, body)
	}
	return list.Jobs
}

func (r *checkout) job(name string) actionsJob {
	for _, j := range r.jobs() {
		if j.Name == name {
			return j
		}
	}
	return actionsJob{}
}

// mustSucceed waits until a job has ended, and fails the test unless it succeeded.
func (r *checkout) mustSucceed(name string) {
	r.p.t.Helper()
	r.await(name, patience, "completed")
	if got := r.job(name).Conclusion; got != "success" {
		r.p.t.Errorf("%s: got a job that ended in %s, want success", name, got)
	}
}

// await polls until a job has a status, and returns how long that took.
func (r *checkout) await(name string, limit time.Duration, status string) time.Duration {
	r.p.t.Helper()
	return r.poll(name, limit, status, func(j actionsJob) bool { return j.Status == status || j.Status == "completed" })
}

// awaitSteps polls until one of a job's steps runs, which means that its container exists.
func (r *checkout) awaitSteps(name string) {
	r.p.t.Helper()
	r.poll(name, patience, "running its step", func(j actionsJob) bool {
		return slices.ContainsFunc(j.Steps, func(s struct{ Name, Status string }) bool { return s.Status == "in_progress" })
	})
}

func (r *checkout) poll(name string, limit time.Duration, what string, met func(actionsJob) bool) time.Duration {
	r.p.t.Helper()
	start := time.Now()
	var last actionsJob
	for ; time.Since(start) < limit; time.Sleep(200 * time.Millisecond) {
		if last = r.job(name); met(last) {
			return time.Since(start)
		}
	}
	r.p.t.Fatalf("job %s was not %s in %s; last: %+v of %+v", name, what, limit.Round(time.Second), last, r.jobs())
	return 0
}
