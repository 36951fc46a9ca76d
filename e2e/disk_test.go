//go:build e2e

package e2e

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fillDisk fills the disk, first almost and then completely. What fails must say why, nothing
// may be damaged, and everything must work again when there is space.
func fillDisk(p *project, d *daemon, repo *checkout) {
	p.t.Helper()
	good := strings.TrimSpace(git(p.t, repo.dir, "rev-parse", "HEAD"))
	data := make([]byte, 16<<20)
	_, _ = rand.Read(data)
	if err := os.WriteFile(filepath.Join(repo.dir, "data"), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	git(p.t, repo.dir, "add", "--all")
	git(p.t, repo.dir, "commit", "--quiet", "--message=Too much")
	for _, left := range []int64{8 << 20, 0} {
		d.fill(left)
		push := exec.Command("git", "push", repo.clone(repo.name), "HEAD:main")
		push.Dir = repo.dir
		out, err := push.CombinedOutput()
		p.t.Logf("a push with %d bytes free: %v, %q", left, err, out)
		// The second is Git's message when the disk has no room for a directory.
		if err == nil || !strings.Contains(string(out), "No space left on device") && !strings.Contains(string(out), "unable to create temporary object directory") {
			p.t.Errorf("got %v and %q from a push with %d bytes free, want a refusal that says why", err, out, left)
		}
	}
	p.run(p.t.Context(), "status").must(p.t, 0, "disk (Docker host)", "free at "+d.dir)
	p.run(p.t.Context(), "doctor").must(p.t, 1, "disk (Docker host)", "free at "+d.dir)
	p.run(p.t.Context(), p.upArgs()...).must(p.t, 1, "disk (Docker host)", "free some space")

	d.free()
	if head := git(p.t, repo.dir, "ls-remote", repo.clone(repo.name), "refs/heads/main"); !strings.HasPrefix(head, good) {
		p.t.Errorf("got the forge's branch at %s after the refused push, want %s", head, good)
	}
	start := time.Now()
	repo.push([]string{"space"}, map[string]string{"space": "sleep 1"})
	repo.mustSucceed("space")
	p.t.Logf("a push was green %.1fs after the space returned", time.Since(start).Seconds())
	p.run(p.t.Context(), p.upArgs()...).must(p.t, 0, "is up")
	forge := p.container("forge-container")
	docker(p.t, "exec", forge, "git", "-C", "/var/lib/gitea/git/repositories/gitops/faults.git", "fsck", "--full", "--strict")
	p.checkDatabase(forge)
}
