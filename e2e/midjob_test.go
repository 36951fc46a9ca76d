//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fault is something that breaks while a job runs.
type fault struct {
	job    string // the job that runs meanwhile
	script string // what that job runs
	want   []string
	do     func(p *project, d *daemon)
	long   bool // only in the long form
}

// faults are in the order in which the runner meets them. A job that survives its fault must
// succeed, any other must fail.
var faults = []fault{
	{"runner-killed", "sleep 300", []string{"failure"}, func(p *project, _ *daemon) { p.killMain("runner-0-container") }, false},
	{"engine-killed", "sleep 300", []string{"failure"}, func(p *project, _ *daemon) { p.killMain("runner-0-engine") }, false},
	{"runner-stopped", "sleep 300", []string{"failure"}, func(p *project, _ *daemon) { docker(p.t, "restart", p.container("runner-0-container")) }, true},
	{"network-cut", firstHalf + "; sleep 4", []string{"success"}, cutNetwork, false},
	{"daemon-killed", "sleep 300", []string{"failure"}, killDaemon, true},
	{"runner-silent", "sleep 300", []string{"failure"}, silenceRunner, true},
}

// testFaults breaks the runner, the job engine and their network while jobs run.
func testFaults(t *testing.T) {
	p := sharedStack(t)
	quick := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return f.long })
	breakMidJob(p, nil, p.owner().newRepository("faults"), quick, "0")
}

// TestHostFaults runs a stack on its own Docker daemon and its own disk, which fail too: the
// daemon during a job, and then the disk, which gets full.
func TestHostFaults(t *testing.T) {
	onlyLong(t)
	if !inside(t) {
		return
	}
	d := newDaemon(t, "12G")
	p := newProject(t, nil)
	t.Setenv("GITOPS_PIPELINE_MIN_DISK", "1GiB") // the disk is small
	t.Logf("up took %.1fs", p.run(t.Context(), p.upArgs()...).must(t, 0, "is up").took.Seconds())
	repo := p.owner().newRepository("faults")
	for round := range 2 {
		breakMidJob(p, d, repo, faults, strconv.Itoa(round))
	}
	fillDisk(p, d, repo)
}

// breakMidJob queues a job for each fault and one more job after them, and causes each fault
// while its job runs. Every job must end with a true status, none may be lost, and the next
// push must be green, without any help.
func breakMidJob(p *project, d *daemon, repo *checkout, faults []fault, round string) {
	p.t.Helper()
	last := "last-" + round
	names, scripts := []string{}, map[string]string{last: "sleep 1"}
	for _, f := range faults {
		names = append(names, f.job+"-"+round)
		scripts[f.job+"-"+round] = f.script
	}
	repo.push(append(names, last), scripts)
	for _, f := range faults {
		took := repo.await(f.job+"-"+round, patience, "in_progress")
		p.t.Logf("%-14s: its job started after %.1fs", f.job, took.Seconds())
		repo.awaitSteps(f.job + "-" + round)
		f.do(p, d)
	}
	start := time.Now()
	for _, f := range faults {
		repo.await(f.job+"-"+round, patience, "completed")
		if got := repo.job(f.job + "-" + round).Conclusion; !slices.Contains(f.want, got) {
			p.t.Errorf("%s: got a job that ended in %s, want one of %v", f.job, got, f.want)
		}
	}
	repo.mustSucceed(last)
	p.t.Logf("every job had its final status %.1fs after the last fault", time.Since(start).Seconds())
	if left := p.jobContainers(); left != "" {
		p.t.Errorf("the job engine still has the containers of ended jobs: %s", left)
	}
	next := "next-" + round
	repo.push([]string{next}, map[string]string{next: "sleep 1"})
	repo.mustSucceed(next)
}

// jobContainers lists the containers of jobs on the job engine. The last job's engine may just
// be going, and the next one not be there yet.
func (p *project) jobContainers() string {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		out, err := exec.Command("docker", "exec", p.container("runner-0-engine"), "docker", "-H", "unix:///run/engine/docker/docker.sock",
			"ps", "--all", "--quiet", "--filter", "name=GITEA-ACTIONS-TASK-").CombinedOutput()
		if err == nil {
			return strings.TrimSpace(string(out))
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no job engine answers %s: %v: %s", patience, err, out)
		}
	}
}

// mainPid returns the ID, on the host, of a container's first process.
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

// firstHalf is what the job does while its runner is disconnected.
const firstHalf = "sleep 8.25"

// cutNetwork disconnects the runner from the stack's network for the first half of its job,
// which takes longer than many of the runner's polls and reports.
func cutNetwork(p *project, _ *daemon) {
	p.t.Helper()
	network, runner := p.labelled().networks[0], p.container("runner-0-container")
	p.awaitProcess(firstHalf, true)
	docker(p.t, "network", "disconnect", network, runner)
	p.awaitProcess(firstHalf, false)
	docker(p.t, "network", "connect", network, runner)
}

// awaitProcess waits until a job engine runs a command, or no longer runs it.
func (p *project) awaitProcess(command string, runs bool) {
	p.t.Helper()
	jobEngine := p.container("runner-0-engine")
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		processes := docker(p.t, "top", jobEngine, "-eo", "pid,args")
		if strings.Contains(processes, " "+command) == runs {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("got %s, running: %t, for %s, want the other; the job engine runs\n%s", command, !runs, patience, processes)
		}
	}
}

// killDaemon kills the Docker daemon and starts it again, as a service manager would.
func killDaemon(p *project, d *daemon) {
	p.t.Helper()
	if err := syscall.Kill(d.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	_ = d.cmd.Wait()
	start := time.Now()
	d.start()
	p.t.Logf("the daemon answers again after %.1fs", time.Since(start).Seconds())
}

// silenceRunner stops gitea-runner with SIGSTOP, like a process that hangs, and measures the
// time until the forge hears from a runner again.
func silenceRunner(p *project, _ *daemon) {
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
	for time.Since(start) < patience {
		pid := docker(p.t, "inspect", "--format", "{{.State.Pid}}", runner)
		log := docker(p.t, "logs", "--since", start.UTC().Format(time.RFC3339), runner)
		if pid != strconv.Itoa(before) && strings.Contains(log, "declare successfully") {
			p.t.Logf("silent runner replaced after %.1fs", time.Since(start).Seconds())
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	p.t.Fatalf("the silent runner was not replaced in %s", patience)
}
