//go:build e2e

package e2e

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver that reads the forge's database
)

// healthyAgain is how many times as long as after a plain restart a killed forge
// may take until it answers.
const healthyAgain = 4

// backoffReset is how long a container must run before Docker restarts it at once when it
// dies. If it dies sooner, Docker doubles the delay each time (moby, restartmanager).
const backoffReset = 10 * time.Second

// TestForgeKilled kills Gitea with SIGKILL several times while a client pushes. Every
// acknowledged push must still be there at the end.
func TestForgeKilled(t *testing.T) {
	p := sharedStack(t)
	forge := p.container("forge-container")

	began, before := time.Now(), p.mainPid(forge)
	docker(t, "restart", forge)
	p.awaitHealthy(before, forge)
	plain := time.Since(began)

	load := p.pushAway()
	slowest := time.Duration(0)
	for i, n := 0, long(4, 100); i < n; i++ {
		load.await(t, 3) // the forge works again before the next kill
		started, err := time.Parse(time.RFC3339Nano, docker(t, "inspect", "--format", "{{.State.StartedAt}}", forge))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(backoffReset - time.Since(started))
		pid, err := strconv.Atoi(docker(t, "inspect", "--format", "{{.State.Pid}}", forge))
		if err != nil || pid < 2 {
			t.Fatalf("got pid %d and %v of %s, want its first process", pid, err, forge)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		took := p.awaitHealthy(pid, forge)
		slowest = max(slowest, took)
		if took > healthyAgain*plain {
			t.Errorf("kill %d: healthy after %s, want at most %d times the %s of a plain restart", i+1, took, healthyAgain, plain)
		}
	}
	acknowledged, refused := load.end()
	t.Logf("%d kills; healthy after %.1fs at the latest; %d pushes acknowledged, %d refused", long(4, 100), slowest.Seconds(), len(acknowledged), refused)

	clone := filepath.Join(t.TempDir(), "clone")
	git(t, p.dir, "clone", "--quiet", load.url, clone)
	there := map[string]bool{}
	for _, commit := range strings.Fields(git(t, clone, "rev-list", "HEAD")) {
		there[commit] = true
	}
	for _, commit := range acknowledged {
		if !there[commit] {
			t.Errorf("lost the acknowledged push of %s", commit)
		}
	}
	if out, err := exec.Command("docker", "exec", forge, "git", "-C", "/var/lib/gitea/git/repositories/gitops/ledger.git", "fsck", "--full", "--strict").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
	p.checkDatabase(forge)
}

// checkDatabase runs SQLite's integrity check on a copy of the forge's database, for which it
// stops the forge.
func (p *project) checkDatabase(forge string) {
	p.t.Helper()
	docker(p.t, "stop", forge)
	dir := p.t.TempDir()
	docker(p.t, "cp", forge+":/var/lib/gitea/data", dir)
	docker(p.t, "start", forge)
	p.awaitHealthy(0, forge)
	files, err := filepath.Glob(filepath.Join(dir, "data", "*.db"))
	if err != nil || len(files) != 1 {
		p.t.Fatalf("got databases %v and %v, want one", files, err)
	}
	db, err := sql.Open("sqlite", files[0])
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
		p.t.Errorf("got %q and %v of the integrity check, want ok", answer, err)
	}
}

// pushes is a client that pushes one commit after the other.
type pushes struct {
	url          string
	stop, ended  chan struct{}
	mu           sync.Mutex
	acknowledged []string
	refused      int
}

// pushAway creates a repository and pushes to it until end is called.
func (p *project) pushAway() *pushes {
	p.t.Helper()
	ledger := p.owner().newRepository("ledger")
	l := &pushes{url: ledger.clone(ledger.name), stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		for i := 0; ; i++ {
			select {
			case <-l.stop:
				return
			default:
				l.push(ledger.dir, i)
			}
		}
	}()
	p.t.Cleanup(func() { l.end() })
	return l
}

// push creates a commit and pushes it once. Git's exit code tells whether the forge
// acknowledged it.
func (l *pushes) push(dir string, i int) {
	run := func(args ...string) (string, error) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=E2E", "-c", "user.email=e2e@localhost"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	_, _ = run("commit", "--quiet", "--allow-empty", "--message", fmt.Sprint(i))
	commit, _ := run("rev-parse", "HEAD")
	_, err := run("push", "--quiet", l.url, "HEAD:main")
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.acknowledged = append(l.acknowledged, commit)
	} else {
		l.refused++
	}
}

// await waits until n more pushes were acknowledged.
func (l *pushes) await(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.acknowledged)
	}
	want := count() + n
	for deadline := time.Now().Add(patience); count() < want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d acknowledged pushes in %s, want %d", count(), patience, want)
		}
	}
}

// end stops the client and returns the commits that the forge acknowledged.
func (l *pushes) end() (acknowledged []string, refused int) {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	<-l.ended
	return l.acknowledged, l.refused
}

// awaitHealthy returns how long the forge takes to answer under a new process.
func (p *project) awaitHealthy(killed int, forge string) time.Duration {
	p.t.Helper()
	start := time.Now()
	url := fmt.Sprintf("http://localhost:%d/api/healthz", p.http)
	last := "no new process"
	for time.Since(start) < patience {
		if pid := docker(p.t, "inspect", "--format", "{{.State.Pid}}", forge); pid != strconv.Itoa(killed) && pid != "0" {
			_, err := get(url)
			if err == nil {
				return time.Since(start)
			}
			last = err.Error()
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("the forge was not healthy %s after it was killed; last: %s", patience, last)
	return 0
}

// container returns the name of the stack's container that begins with prefix.
func (p *project) container(prefix string) string {
	p.t.Helper()
	names := docker(p.t, "ps", "--all", "--filter", "label="+label+"="+p.stack, "--format", "{{.Names}}")
	for _, name := range strings.Fields(names) {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	p.t.Fatalf("no container is named %s…", prefix)
	return ""
}

// docker runs Docker's command line and returns what it prints.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(dockerCLI(t), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}
