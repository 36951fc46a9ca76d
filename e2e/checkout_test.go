//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commitAndPush commits all changes, if there are any, pushes them to the forge as the owner,
// and returns the commit.
func (p *project) commitAndPush(message string) string {
	p.t.Helper()
	git(p.t, p.dir, "commit", "--quiet", "--all", "--allow-empty", "--message="+message)
	git(p.t, p.dir, "push", "--quiet", p.owner().clone("gitops-pipeline"), "HEAD:main")
	return strings.TrimSpace(git(p.t, p.dir, "rev-parse", "HEAD"))
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=E2E", "-c", "user.email=e2e@localhost"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// edit replaces text in one of the project's files.
func (p *project) edit(file, from, to string) {
	p.t.Helper()
	path := filepath.Join(p.dir, file)
	data, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if !strings.Contains(string(data), from) {
		p.t.Fatalf("%s has no %q to edit", file, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), from, to, 1)), 0o644); err != nil {
		p.t.Fatal(err)
	}
}
