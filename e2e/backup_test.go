//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestBackupAndRestore backs up a forge with 50 repositories while clients write to it,
// removes the stack, and restores it from a new checkout.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	start := time.Now()
	lap := func(what string) {
		t.Logf("%-28s %s", what, time.Since(start).Round(100*time.Millisecond))
		start = time.Now()
	}
	p := newProject(t, nil)
	p.up().must(t, 0, "can be pulled")
	lap("up")
	first := p.status()
	owner := p.owner()
	for i := range 50 { // each commit takes the forge a second
		owner.api(http.MethodPost, "/user/repos", map[string]any{"name": fmt.Sprintf("r%d", i), "auto_init": i < 10}, nil)
	}
	lap("50 repositories")
	const userSecret = "kept-by-the-user-1234567890"
	owner.setSecret("gitops-pipeline", "MINE", userSecret)
	const large = "what a user keeps in LFS"
	owner.storeLFS("r2", large)
	runner := p.runnerCredentials("runner-0-container")
	head := strings.TrimSpace(git(t, p.dir, "rev-parse", "HEAD"))
	digest := first.digest(head)

	// r0 is the only repository that changes during the backup.
	commits := owner.writeAway("/repos/gitops/r0/contents/f%d", `{"content":"eA==","message":"write"}`)
	issues := owner.writeAway("/repos/gitops/r1/issues?n=%d", `{"title":"write"}`)
	for !t.Failed() && (issues.count.Load() < 10 || commits.count.Load() < 2) { // both clients write, and have measured their speed before the backup
		time.Sleep(20 * time.Millisecond)
	}
	file := filepath.Join(t.TempDir(), "backup")
	done := p.run(t.Context(), "backup", file).must(t, 0, "writes were paused for", "sha256")
	for line := range strings.Lines(done.out) {
		if strings.Contains(line, "paused") || strings.Contains(line, "MiB") {
			t.Log(strings.TrimSpace(line))
		}
	}
	for name, w := range map[string]*writing{"commits": commits, "issues": issues} {
		longest, usual := w.end()
		t.Logf("the client made %d %s; it waited %s at most, %s usually", w.count.Load(), name, longest.Round(time.Millisecond), usual.Round(time.Millisecond))
		if longest-usual > done.took/2 { // most of the copy is made while Gitea runs
			t.Errorf("got a write that took %s longer than usual, want at most half of the whole backup's %s", longest-usual, done.took)
		}
	}
	lap("backup")
	refs := owner.refs()

	// A restore must refuse to touch the running stack, and an incomplete file must change
	// nothing on the empty host.
	p.run(t.Context(), "backup", file).must(t, 1, "it is there already", "--force")
	p.run(t.Context(), "restore", file).must(t, 1, "it is here already", "down --stack")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v and %v of the backup, want 0600", info.Mode(), err)
	}
	p.run(t.Context(), "down", "--purge", "--yes").must(t, 0)
	fresh := newProject(t, nil)
	fresh.stack, fresh.http, fresh.ssh = p.stack, p.http, p.ssh
	fresh.refuses(file)
	lap("purge and refusals")

	killed, _ := fresh.kill(atText(event), true, "restore", file)
	fresh.run(t.Context(), "up").must(t, 1, "half restored")
	t.Logf("restore killed %s", killed)
	fresh.run(t.Context(), "restore", file).must(t, 0, "is up")
	lap("killed restore, and restore")

	second := fresh.status()
	if second.Secrets["ownerPassword"] != first.Secrets["ownerPassword"] || second.Secrets["adminPassword"] != first.Secrets["adminPassword"] {
		t.Error("got other passwords than before")
	}
	fresh.call(http.MethodGet, "/api/v1/user", "", http.StatusOK, basic(owner.user, owner.password)) // the old password
	if got := owner.readLFS("r2", large); got != large {
		t.Errorf("got %q from LFS, want %q", got, large)
	}
	if got := fresh.runnerCredentials("runner-0-container"); !slices.Equal(got, runner) {
		t.Error("got another identity of the runner than before")
	}
	after := owner.refs()
	if len(after) != len(refs) || len(refs) < 51 {
		t.Errorf("got %d repositories, want the %d of before, and at least 51", len(after), len(refs))
	}
	for name, want := range refs {
		// The client continued to write after the backup.
		if name != "r0" && after[name] != want {
			t.Errorf("got refs of %s\n%s\nwant\n%s", name, after[name], want)
		}
	}
	if after["r0"] == "" {
		t.Error("the repository that was written to has no refs")
	}
	if got := second.digest(head); got != digest || digest == "" {
		t.Errorf("got digest %q of the first image, want %q", got, digest)
	}
	serve(t, fresh, first.URLs["registry"]+"/gitops/service@"+digest)

	lap("comparing")
	// The user's secret and the registry's password still decrypt, and the runner works.
	git(t, fresh.dir, "fetch", "--quiet", first.URLs["cloneUrl"], "main")
	git(t, fresh.dir, "reset", "--quiet", "--hard", "FETCH_HEAD")
	fresh.edit(".gitea/workflows/ci.yaml", "      - name: Test\n", fmt.Sprintf(
		"      - name: The user's secret\n        env:\n          MINE: ${{ secrets.MINE }}\n        run: test \"$(printf %%s \"$MINE\" | rev)\" = %s\n      - name: Test\n", reversed(userSecret)))
	if got := fresh.awaitRun(fresh.commitAndPush("Use the secret")); got != "success" {
		t.Errorf("got a run that ended in %s, want success", got)
	}
	lap("push until green")
	fresh.checkDatabase(fresh.container("forge-container"))
}

// refuses restores files that are not a complete backup. Each must be refused with what to
// do next, and nothing may be changed.
func (p *project) refuses(file string) {
	p.t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)/2] ^= 4
	for why, text := range map[string]string{
		"is truncated":         string(whole[:len(whole)-1]),
		"its SHA-256 is":       string(flipped),
		"newer version":        strings.Replace(string(whole), "format 1", "format 2", 1),
		"no backup of this":    "hello",
		"its header was chang": strings.Replace(string(whole), "by hand", "by head", 1),
	} {
		bad := filepath.Join(p.t.TempDir(), "bad")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
		p.run(p.t.Context(), "restore", bad).must(p.t, 1, why, "next:")
		if left := p.labelled(); left.count() > 0 {
			p.t.Errorf("%s: got %+v, want nothing", why, left)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, ".pipeline")); !os.IsNotExist(err) {
		p.t.Errorf("got %v, want no .pipeline after refusals", err)
	}
}

// TestBackupKilled is the long form of a part of TestOneStack.
func TestBackupKilled(t *testing.T) {
	onlyLong(t)
	testBackupKilled(t)
}

// testBackupKilled kills backups at several points. The forge must not stay paused
// afterwards, and the next backup must be complete.
func testBackupKilled(t *testing.T) {
	p := sharedStack(t)
	whole := p.labelled()
	file := filepath.Join(t.TempDir(), "backup")
	phrase := filepath.Join(t.TempDir(), "phrase")
	if err := os.WriteFile(phrase, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"backup", file, "--force", "--passphrase-file", phrase}
	steps, clean := p.whole(args...)
	for i, n := 0, long(2, 20); i < n; i++ {
		how, _ := p.kill(atStep(spread(steps, i, n)), i%2 == 0, args...)
		p.repeat(how, clean, "backup", args...).must(t, 0, "writes were paused")
		forgeAnswers(t, fmt.Sprintf("http://localhost:%d", p.http))
		if left := p.labelled(); left.count() != whole.count() {
			t.Errorf("got %+v, want %+v", left, whole)
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("wrong horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(t.Context(), "restore", file, "--passphrase-file", wrong).must(t, 1, "does not open it", "next:")
	p.run(t.Context(), "restore", file, "--passphrase-file", phrase).must(t, 1, "it is here already")
}

// refs returns the output of git ls-remote for each of the owner's repositories.
func (a account) refs() map[string]string {
	a.p.t.Helper()
	found := map[string]string{}
	for page := 1; ; page++ {
		var repos []struct{ Name string }
		a.api(http.MethodGet, fmt.Sprintf("/user/repos?limit=50&page=%d", page), nil, &repos)
		if len(repos) == 0 {
			return found
		}
		for _, r := range repos {
			found[r.Name] = git(a.p.t, ".", "ls-remote", a.clone(r.Name))
		}
	}
}

// writing is a client that sends one write request after the other.
type writing struct {
	stop, ended chan struct{}
	once        sync.Once
	count       atomic.Int64
	took        []time.Duration
}

// writeAway starts a client that posts the body to the path, in which %d is the request's
// number.
func (a account) writeAway(path, body string) *writing {
	w := &writing{stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			select {
			case <-w.stop:
				return
			default:
			}
			start := time.Now()
			code, text, err := a.try("POST", fmt.Sprintf(path, w.count.Load()), body)
			if err != nil || code != http.StatusCreated {
				a.p.t.Errorf("writing while the backup runs: got %d, %v: %s", code, err, text)
				return
			}
			w.took = append(w.took, time.Since(start))
			w.count.Add(1)
		}
	}()
	a.p.t.Cleanup(func() { w.end() })
	return w
}

// end stops the client, and returns its longest request and the median.
func (w *writing) end() (longest, usual time.Duration) {
	w.once.Do(func() { close(w.stop) })
	<-w.ended
	slices.Sort(w.took)
	if len(w.took) == 0 {
		return 0, 0
	}
	return w.took[len(w.took)-1], w.took[len(w.took)/2]
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
