//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
)

// TestMoved gives a stack other ports: by `up`, and after a restore that found the ports
// taken. Each time the runner must keep its identity, and the next push must be green. A
// runner that the forge no longer knows must register again.
func TestMoved(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	before := p.runnerCredentials("runner-0-container")
	repo := p.owner().newRepository("moved")
	green := func(job string) {
		t.Helper()
		repo.push([]string{job}, map[string]string{job: "sleep 1"})
		repo.mustSucceed(job)
		if got := p.runnerCredentials("runner-0-container"); !slices.Equal(got, before) {
			t.Errorf("%s: got another identity of the runner than before", job)
		}
		if runners := p.status().Runners; len(runners) != 1 || runners[0].Status != "online" {
			t.Errorf("%s: got the runners %+v, want one, online", job, runners)
		}
	}
	green("first")

	p.http, p.ssh = freePort(t), freePort(t)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	green("other-ports")

	file := filepath.Join(t.TempDir(), "backup")
	p.run(t.Context(), "backup", file).must(t, 0)
	p.run(t.Context(), "down", "--purge", "--yes").must(t, 0)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.http))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p.run(t.Context(), "restore", file).must(t, 1, fmt.Sprint(p.http))
	p.http, p.ssh = freePort(t), freePort(t)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	green("restored")

	// up enables a runner again that an interrupted rotation disabled, but not one that a
	// user disabled.
	container := p.container("runner-0-container")
	admin := p.admin()
	admin.setDisabled(true)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "nothing to change")
	if !admin.disabled() {
		t.Error("up enabled a runner that its user has disabled")
	}
	docker(t, "exec", container, "sh", "-c", "echo > /data/disabled-by-rotation")
	p.run(t.Context(), p.upArgs()...).must(t, 0, "nothing to change", "enabled runner")
	if admin.disabled() {
		t.Error("up left the runner disabled")
	}
	green("enabled")

	// Somebody removes the runner from the forge: it registers again.
	removed := admin.runners()
	for _, r := range removed {
		admin.api(http.MethodDelete, fmt.Sprintf("/admin/actions/runners/%d", r.ID), nil, nil)
	}
	repo.push([]string{"removed"}, map[string]string{"removed": "sleep 1"})
	repo.mustSucceed("removed")
	if got := p.runnerCredentials("runner-0-container"); slices.Equal(got, before) || len(removed) != 1 {
		t.Errorf("got the old identity, of %d runners, want a new one of one", len(removed))
	}
}

// runner is what the forge knows about a runner.
type runner struct {
	ID       int
	Disabled bool
}

func (a account) runners() []runner {
	a.p.t.Helper()
	var list struct{ Runners []runner }
	a.api(http.MethodGet, "/admin/actions/runners", nil, &list)
	return list.Runners
}

// setDisabled disables all runners, or enables them.
func (a account) setDisabled(disabled bool) {
	a.p.t.Helper()
	for _, r := range a.runners() {
		a.api(http.MethodPatch, fmt.Sprintf("/admin/actions/runners/%d", r.ID), map[string]any{"disabled": disabled}, nil)
	}
}

// disabled tells whether a runner is disabled.
func (a account) disabled() bool {
	a.p.t.Helper()
	return slices.ContainsFunc(a.runners(), func(r runner) bool { return r.Disabled })
}
