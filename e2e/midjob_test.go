//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bounds of what happens after a fault in mid-job.
const (
	silentReplaced = time.Minute     // until a silent runner is replaced
	trueStatus     = 2 * time.Minute // until every job has its final status
)

// fault is something that breaks while a job runs.
type fault struct {
	job     string // that runs meanwhile
	seconds int    // that it would take
	want    []string
	do      func(p *project)
}

// faults are in the order in which one runner meets them. A job that outlives
// a fault succeeds; one that does not, fails: both are true.
var faults = []fault{
	{"runner-killed", 300, []string{"failure"}, func(p *project) { p.killMain("runner-0-container") }},
	{"engine-killed", 300, []string{"failure", "cancelled"}, func(p *project) { p.killMain("runner-0-engine") }},
	{"network-cut", 20, []string{"success"}, cutNetwork},
	{"runner-silent", 300, []string{"failure"}, silenceRunner},
}

// TestMidJob queues a job for each fault and one more behind them, lets each
// fault happen while its job runs, and wants every job to end in a true status,
// none to be lost, and the next push to be green, with nobody's help.
func TestMidJob(t *testing.T) {
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	jobs := map[string]int{"last": 1}
	names := []string{}
	for _, f := range faults {
		jobs[f.job] = f.seconds
		names = append(names, f.job)
	}
	repo := p.newRepository("faults")
	repo.push("All faults", append(names, "last"), jobs)
	for _, f := range faults {
		took := repo.await(f.job, 2*time.Minute, "in_progress")
		t.Logf("%-14s its job started after %.1fs", f.job, took.Seconds())
		repo.awaitSteps(f.job)
		f.do(p)
	}
	start := time.Now()
	for _, f := range faults {
		repo.await(f.job, trueStatus-time.Since(start), "completed")
		if got := repo.job(f.job).Conclusion; !slices.Contains(f.want, got) {
			t.Errorf("%s: got a job that ended in %s, want one of %v", f.job, got, f.want)
		}
	}
	repo.await("last", time.Minute, "completed")
	if got := repo.job("last").Conclusion; got != "success" {
		t.Errorf("got a last job that ended in %s, want success", got)
	}
	t.Logf("every job had its final status %.1fs after the last fault", time.Since(start).Seconds())
	if n := len(repo.jobs()); n != len(faults)+1 {
		t.Errorf("got %d jobs, want %d", n, len(faults)+1)
	}
	if left := docker(t, "exec", p.container("runner-0-engine"), "docker", "-H", "unix:///run/engine/docker/docker.sock",
		"ps", "--all", "--quiet", "--filter", "name=GITEA-ACTIONS-TASK-"); left != "" {
		t.Errorf("the engine still has the containers of ended jobs: %s", left)
	}
	repo.push("Next", []string{"next"}, map[string]int{"next": 1})
	repo.await("next", time.Minute, "completed")
	if got := repo.job("next").Conclusion; got != "success" {
		t.Errorf("got a next push that ended in %s, want success", got)
	}
}

// mainPid is the first process of a container, as the host sees it.
func (p *project) mainPid(container string) int {
	p.t.Helper()
	pid, err := strconv.Atoi(docker(p.t, "inspect", "--format", "{{.State.Pid}}", container))
	if err != nil || pid < 2 {
		p.t.Fatalf("got pid %d and %v of %s, want its first process", pid, err, container)
	}
	return pid
}

// killMain kills a container's first process with SIGKILL.
func (p *project) killMain(prefix string) {
	p.t.Helper()
	if err := syscall.Kill(p.mainPid(p.container(prefix)), syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
}

// cutNetwork takes the runner off the stack's network for many of its polls
// and reports.
func cutNetwork(p *project) {
	p.t.Helper()
	network, runner := p.labelled().networks[0], p.container("runner-0-container")
	docker(p.t, "network", "disconnect", network, runner)
	time.Sleep(12 * time.Second) // the cut itself: nothing to wait for
	docker(p.t, "network", "connect", network, runner)
}

// silenceRunner stops the runner's daemon, as a hang would, and measures the
// time until the forge hears of a runner again.
func silenceRunner(p *project) {
	p.t.Helper()
	runner := p.container("runner-0-container")
	before := p.mainPid(runner)
	for _, pid := range descendants(before) {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(name)) == "gitea-runner" {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	start := time.Now()
	for time.Since(start) < 2*silentReplaced {
		pid := docker(p.t, "inspect", "--format", "{{.State.Pid}}", runner)
		log := docker(p.t, "logs", "--since", start.UTC().Format(time.RFC3339), runner)
		if pid != strconv.Itoa(before) && strings.Contains(log, "declare successfully") {
			took := time.Since(start)
			p.t.Logf("silent runner replaced after %.1fs", took.Seconds())
			if took > silentReplaced {
				p.t.Errorf("got a silent runner replaced after %s, want at most %s", took, silentReplaced)
			}
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	p.t.Fatalf("the silent runner was not replaced in %s", 2*silentReplaced)
}

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
	body, err := get(r.api + "/jobs")
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
