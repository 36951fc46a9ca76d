//go:build e2e

package e2e

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOwnDaemon has a stack on a Docker daemon of its own, with a disk of its
// own: the daemon is killed in mid-job, and the disk fills.
func TestOwnDaemon(t *testing.T) {
	if !inside(t) {
		return
	}
	d := newDaemon(t, "6G")
	p := newProject(t, nil)
	t.Setenv("GITOPS_PIPELINE_MIN_DISK", "1GiB") // the disk is small
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	repo := p.newRepository("faults")
	killDaemon(p, d, repo)
	fillDisk(p, d, repo)
}

// killDaemon kills the daemon in mid-job: the job fails, the one behind it is
// not lost.
func killDaemon(p *project, d *daemon, repo *repository) {
	p.t.Helper()
	repo.push("Kill the daemon", []string{"daemon-killed", "queued"}, map[string]int{"daemon-killed": 300, "queued": 1})
	repo.await("daemon-killed", time.Minute, "in_progress")
	repo.awaitSteps("daemon-killed")
	if err := syscall.Kill(d.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	_ = d.cmd.Wait()
	start := time.Now()
	d.start()
	p.t.Logf("the daemon answers again after %.1fs", time.Since(start).Seconds())
	for name, want := range map[string]string{"daemon-killed": "failure", "queued": "success"} {
		repo.await(name, trueStatus, "completed")
		if got := repo.job(name).Conclusion; got != want {
			p.t.Errorf("%s: got a job that ended in %s, want %s", name, got, want)
		}
	}
	p.t.Logf("both jobs had their final status %.1fs after the daemon was killed", time.Since(start).Seconds())
}

// fillDisk fills the disk: what fails says so, nothing is harmed, and all goes
// on when there is space again.
func fillDisk(p *project, d *daemon, repo *repository) {
	p.t.Helper()
	good := strings.TrimSpace(git(p.t, repo.dir, "rev-parse", "HEAD"))
	free := d.fill()
	data := make([]byte, 1<<20)
	_, _ = rand.Read(data)
	if err := os.WriteFile(filepath.Join(repo.dir, "data"), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	git(p.t, repo.dir, "add", "--all")
	git(p.t, repo.dir, "commit", "--quiet", "--message=Too much")
	push := exec.Command("git", "push", repo.url, "HEAD:main")
	push.Dir = repo.dir
	out, err := push.CombinedOutput()
	p.t.Logf("a push to the full disk: %v\n%s", err, strings.ReplaceAll(string(out), repo.url, "URL"))
	if err == nil {
		p.t.Error("got a push to a full disk acknowledged")
	} else if !strings.Contains(string(out), "No space left on device") {
		p.t.Errorf("got %q from a push to a full disk, want it to say that there is no space", out)
	}
	p.run(p.t.Context(), "status").must(p.t, 0, "disk (engine)", "free at "+d.dir)
	p.run(p.t.Context(), "doctor").must(p.t, 1, "disk (engine)", "free at "+d.dir)
	p.run(p.t.Context(), p.upArgs()...).must(p.t, 1, "disk (engine)", "free some space")

	free()
	if head := git(p.t, repo.dir, "ls-remote", repo.url, "refs/heads/main"); !strings.HasPrefix(head, good) {
		p.t.Errorf("got the forge's branch at %s after the refused push, want %s", head, good)
	}
	start := time.Now()
	repo.push("There is space", []string{"space"}, map[string]int{"space": 1})
	repo.await("space", time.Minute, "completed")
	if got := repo.job("space").Conclusion; got != "success" {
		p.t.Errorf("got a job that ended in %s after the space returned, want success", got)
	}
	p.t.Logf("a push was green %.1fs after the space returned", time.Since(start).Seconds())
	p.run(p.t.Context(), p.upArgs()...).must(p.t, 0, "is up")
	forge := p.container("forge-container")
	docker(p.t, "exec", forge, "git", "-C", "/var/lib/gitea/git/repositories/gitops/faults.git", "fsck", "--full", "--strict")
	p.checkDatabase(forge)
}
