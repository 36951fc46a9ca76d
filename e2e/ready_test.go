//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// testReady breaks a stack's runner and its network. up must fail, doctor must name the fault,
// and doctor --fix must repair it without losing data.
func testReady(t *testing.T) {
	p := sharedStack(t)
	data := p.sortedVolumes()

	p.run(t.Context(), "doctor").must(t, 0, "runner runner-0", "job engine of runner-0", "of the current image", "forge version", "waiting jobs")

	// To the forge, a frozen runner is online.
	runner := p.container("runner-0-container")
	docker(t, "pause", runner)
	p.run(t.Context(), "doctor").must(t, 1, "runner runner-0", "paused")
	p.run(t.Context(), "up").must(t, 1, "runner runner-0: it is paused", "the end of the log of runner runner-0", "next:  see what is wrong: pipeline doctor")
	p.run(t.Context(), "doctor", "--fix").must(t, 0, "restarting runner runner-0")
	p.run(t.Context(), "up").must(t, 0, "nothing to change", "is up")

	// Without its name in the network, nothing finds the forge. In Docker 20.10, `docker swarm
	// init` and `leave` have this effect on every network.
	network := strings.TrimSpace(docker(t, "inspect", "--format", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}", p.container("forge-container")))
	docker(t, "network", "disconnect", network, p.container("forge-container"))
	docker(t, "network", "connect", network, p.container("forge-container")) // without its aliases
	p.run(t.Context(), "doctor").must(t, 1, "runner runner-0", "job engine of runner-0")
	p.run(t.Context(), "up").must(t, 1, "the job engine of runner-0")
	p.run(t.Context(), "up", "--refresh").must(t, 0, "is up")

	if got := p.sortedVolumes(); !slices.Equal(got, data) {
		t.Errorf("got the volumes %v, want %v", got, data)
	}
	p.edit("service/handler.go", "package main", "// Pushed after the repairs.\npackage main")
	if got := p.awaitRun(p.commitAndPush("After the repairs")); got != "success" {
		t.Errorf("the run after the repairs ended as %s", got)
	}
}

// TestSwarm runs `docker swarm init` and `leave --force`. After that, Docker 20.10 no longer
// resolves names in its networks. doctor must say so, and doctor --fix must repair it.
func TestSwarm(t *testing.T) {
	onlyLong(t)
	if !inside(t) { // it changes the whole Docker host
		return
	}
	newDaemon(t, "12G")
	t.Setenv("GITOPS_PIPELINE_MIN_DISK", "1GiB") // the disk is small
	p := newProject(t, nil)
	p.up().must(t, 0, "is up")
	docker(t, "swarm", "init", "--advertise-addr", "127.0.0.1")
	docker(t, "swarm", "leave", "--force")
	if r := p.run(t.Context(), "doctor"); r.code == 0 {
		t.Log("this Docker host keeps the names")
	}
	p.run(t.Context(), "doctor", "--fix").must(t, 0)
	p.run(t.Context(), "up").must(t, 0, "is up")
}
