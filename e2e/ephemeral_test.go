//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestEphemeralRunners gives each job its own credential and job engine. The next job must
// start on the standby and find nothing of the last one, and a used credential must be
// refused. Jobs reach the forge alone, which has the modules of Go that they need.
func TestEphemeralRunners(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.run(t.Context(), append(p.upArgs(), "-c", "runner.ephemeral=true", "-c", "runner.network=forge")...).must(t, 0, "is up")
	first := p.awaitRunners(2, nil)
	used := p.runnerCredentials("runner-0-container", "runner-1-container")

	repo := p.owner().newRepository("ephemeral")
	for _, name := range []string{"first", "second"} {
		repo.push([]string{name}, map[string]string{name: "sleep 20"})
		took := repo.await(name, patience, "in_progress")
		t.Logf("the %s job started %.1fs after its push", name, took.Seconds())
		// The second one did not wait for the first one's runner.
		if job := repo.job("first"); job.Status != "in_progress" {
			t.Errorf("got job %+v when the %s one started, want it still in progress", job, name)
		}
	}
	for _, name := range []string{"first", "second"} {
		repo.await(name, patience, "completed")
		if got := repo.job(name).Conclusion; got != "success" {
			t.Errorf("the %s job ended in %s, want success", name, got)
		}
	}
	start := time.Now()
	next := p.awaitRunners(2, first)
	t.Logf("two new runners %.1fs after the jobs", time.Since(start).Seconds())
	for _, c := range used {
		code, text := p.ask(http.MethodPost, "/api/actions/runner.v1.RunnerService/Declare", `{"labels":["self-hosted"]}`,
			func(r *http.Request) { r.Header.Set("x-runner-uuid", c.UUID); r.Header.Set("x-runner-token", c.Token) })
		if code == http.StatusOK {
			t.Errorf("a used credential is accepted: %s", text)
		}
	}

	modules := p.owner().newRepository("modules")
	files := moduleFiles(t)
	files[".gitea/workflows/modules.yaml"] = `on: push
jobs:
  modules:
    runs-on: self-hosted
    steps:
      - uses: actions/checkout@v4
      - run: go run . | grep 4.096kB
      - run: rm go.sum && go clean -modcache && go mod tidy && grep go-units go.sum # by the checksum database
`
	if log, conclusion := modules.ended(modules.commit(files)); conclusion != "success" {
		t.Errorf("got a job that ended in %s where jobs reach the forge alone:\n%s", conclusion, log)
	}

	// The last job would find what the others left.
	victim := p.owner().newRepository("victim")
	results := victim.run("remains", newTarget(t, p).script(false))
	for name, result := range results {
		if result == "reached" {
			t.Errorf("the next job finds %s", name)
		}
	}
	p.awaitRunners(2, nil)
	if len(results) == 0 || len(next) != 2 {
		t.Errorf("got %d probes and %d runners, want some and 2", len(results), len(next))
	}
}

// credential is what a runner stores in .runner.
type credential struct{ UUID, Token string }

// runnerCredentials returns the credentials in the runners' containers.
func (p *project) runnerCredentials(containers ...string) []credential {
	p.t.Helper()
	var all []credential
	for _, name := range containers {
		var c credential
		if err := json.Unmarshal([]byte(docker(p.t, "exec", p.container(name), "cat", "/data/.runner")), &c); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// awaitRunners polls until the forge has n runners that are all idle and not among before,
// and returns their IDs.
func (p *project) awaitRunners(n int, before []int) []int {
	p.t.Helper()
	admin := p.admin()
	var ids []int
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var list struct {
			Runners []struct {
				ID        int
				Status    string
				Busy      bool
				Ephemeral bool
			}
		}
		admin.api(http.MethodGet, "/admin/actions/runners", nil, &list)
		ids = nil
		for _, r := range list.Runners {
			if r.Status == "online" && !r.Busy && !slices.Contains(before, r.ID) {
				ids = append(ids, r.ID)
			}
		}
		if len(ids) == n && len(list.Runners) == n {
			return ids
		}
	}
	p.t.Fatalf("got the idle runners %v after %s, want %d without %v", ids, patience, n, before)
	return nil
}
