//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// checkout is a repository on a stack's forge, and a checkout of it.
type checkout struct {
	account
	name, dir string
}

// newOwner creates a user with a repository.
func (p *project) newOwner(owner, name string) *checkout {
	p.t.Helper()
	a := account{p, owner, rand.Text()}
	p.admin().api(http.MethodPost, "/admin/users", map[string]any{
		"username": owner, "email": owner + "@localhost.localdomain", "password": a.password, "must_change_password": false,
	}, nil)
	return a.newRepository(name)
}

// newRepository creates an empty private repository.
func (a account) newRepository(name string) *checkout {
	a.p.t.Helper()
	a.api(http.MethodPost, "/user/repos", map[string]any{"name": name, "private": true}, nil)
	r := &checkout{account: a, name: name, dir: a.p.t.TempDir()}
	git(a.p.t, r.dir, "init", "--quiet", "--initial-branch=main")
	return r
}

// commit replaces all files by the given ones, and pushes them.
func (r *checkout) commit(files map[string]string) string {
	r.p.t.Helper()
	git(r.p.t, r.dir, "rm", "-r", "--quiet", "--ignore-unmatch", ".")
	for name, text := range files {
		path := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			r.p.t.Fatal(err)
		}
	}
	git(r.p.t, r.dir, "add", "--all")
	git(r.p.t, r.dir, "commit", "--quiet", "--allow-empty", "--message=Change")
	git(r.p.t, r.dir, "push", "--quiet", r.clone(r.name), "HEAD:main")
	return strings.TrimSpace(git(r.p.t, r.dir, "rev-parse", "HEAD"))
}

// run runs one of the workflows in testdata/hostile, and fails the test unless the job
// succeeded.
func (r *checkout) run(name, target string) map[string]string {
	r.p.t.Helper()
	results, log, conclusion := r.runLog(name, target)
	if conclusion != "success" {
		r.p.t.Fatalf("the job %s ended in %s:\n%s", name, conclusion, log)
	}
	return results
}

var probeLine = regexp.MustCompile(`(?m) PROBE (\S+) (reached|refused|unknown)$`)

// runLog pushes a workflow. It returns the results of its probes, its log, and its conclusion.
func (r *checkout) runLog(name, target string) (results map[string]string, log, conclusion string) {
	r.p.t.Helper()
	files := map[string]string{"target.sh": target}
	for from, to := range map[string]string{name + ".yaml": ".gitea/workflows/" + name + ".yaml", name + ".sh": name + ".sh"} {
		text, err := os.ReadFile(filepath.Join("testdata", "hostile", from))
		if err != nil {
			r.p.t.Fatal(err)
		}
		files[to] = string(text)
	}
	log, conclusion = r.ended(r.commit(files))
	results = map[string]string{}
	for _, m := range probeLine.FindAllStringSubmatch(log, -1) {
		results[m[1]] = m[2]
	}
	return results, log, conclusion
}

// ended waits for the only job of a commit's run, and returns its log and its conclusion.
func (r *checkout) ended(commit string) (log, conclusion string) {
	r.p.t.Helper()
	base := fmt.Sprintf("/repos/%s/%s/actions", r.user, r.name)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var list struct {
			Jobs []struct {
				ID         int
				HeadSHA    string `json:"head_sha"`
				Conclusion string
				Status     string
			}
		}
		r.api(http.MethodGet, base+"/jobs", nil, &list)
		for _, j := range list.Jobs {
			if j.HeadSHA == commit && j.Status == "completed" {
				r.api(http.MethodGet, fmt.Sprintf("%s/jobs/%d/logs", base, j.ID), nil, &log)
				return log, j.Conclusion
			}
		}
	}
	r.p.t.Fatalf("the job of %s/%s at %s did not end in %s", r.user, r.name, commit, patience)
	return "", ""
}
