package actions

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checkedOut runs checkout with the inputs, as for a push to main.
func checkedOut(t *testing.T, workspace, url, commit string, inputs map[string]string) (out string, ok bool) {
	t.Helper()
	env := checkoutEnvironment(workspace, url, commit)
	maps.Copy(env, map[string]string{
		"GITHUB_REF": "refs/heads/main", "RUNNER_TEMP": t.TempDir(), "GITHUB_OUTPUT": filepath.Join(t.TempDir(), "output"),
	})
	maps.Copy(env, inputs)
	return run(t, workspace, "checkout/checkout.sh", env)
}

// in runs a command in a directory, as a later step does, and returns what it prints.
func in(t *testing.T, dir string, command ...string) (out string, ok bool) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=b", "GIT_AUTHOR_EMAIL=b@example.org",
		"GIT_COMMITTER_NAME=b", "GIT_COMMITTER_EMAIL=b@example.org", "GIT_ALLOW_PROTOCOL=http:file")
	data, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(data)), err == nil
}

// must is in for a command that has to succeed.
func must(t *testing.T, dir string, command ...string) string {
	t.Helper()
	out, ok := in(t, dir, command...)
	if !ok {
		t.Fatalf("%q failed:\n%s", command, out)
	}
	return out
}

// TestCheckoutForLaterSteps has a step that gets all history, commits and pushes.
func TestCheckoutForLaterSteps(t *testing.T) {
	t.Parallel()
	url, repo, commits := forgeWithRepository(t)
	for name, tt := range map[string]struct {
		inputs map[string]string
		pushes bool
	}{
		"by default":          {nil, true},
		"a branch by name":    {map[string]string{"CHECKOUT_REF": "main"}, true},
		"a branch by ref":     {map[string]string{"CHECKOUT_REF": "refs/heads/main"}, true},
		"below a path":        {map[string]string{"CHECKOUT_PATH": "sub"}, true},
		"without credentials": {map[string]string{"CHECKOUT_PERSIST": "false"}, false},
	} {
		workspace := t.TempDir()
		out, ok := checkedOut(t, workspace, url, strings.TrimSpace(must(t, repo, "git", "rev-parse", "main")), tt.inputs)
		if !ok {
			t.Fatalf("%s: it failed:\n%s", name, out)
		}
		dir := filepath.Join(workspace, tt.inputs["CHECKOUT_PATH"])
		if got := must(t, dir, "git", "branch", "--show-current"); got != "main" {
			t.Errorf("%s: got the branch %q, want main", name, got)
		}
		out, ok = in(t, dir, "sh", "-ec", "git fetch --quiet --unshallow; git rev-list --count HEAD; git commit --quiet --allow-empty -m '"+name+"'; git push --quiet")
		if ok != tt.pushes {
			t.Errorf("%s: got a push that worked: %t, want %t:\n%s", name, ok, tt.pushes, out)
		}
		if got := must(t, repo, "git", "log", "-1", "--format=%s", "main"); (got == name) != tt.pushes {
			t.Errorf("%s: main is at %q", name, got)
		}
		if found, _ := in(t, workspace, "grep", "-r", "-l", "Basic", "."); found != "" {
			t.Errorf("%s: the credentials are in the workspace: %s", name, found)
		}
	}
	if len(commits) != 3 {
		t.Fatal("the repository is another one")
	}
}

// TestCheckoutKeepsToItsCommit has the branch and the tag move after the workflow started.
func TestCheckoutKeepsToItsCommit(t *testing.T) {
	t.Parallel()
	url, repo, commits := forgeWithRepository(t)
	must(t, repo, "git", "tag", "-a", "-m", "annotated", "v2", commits[1])
	for name, tt := range map[string]struct {
		ref, started, subject, describes string
	}{
		"a branch that moved":  {"refs/heads/main", commits[1], "two", ""},
		"an annotated tag":     {"refs/tags/v2", commits[1], "two", "v2"},
		"a tag that moved":     {"refs/tags/v2", commits[2], "one", ""},
		"a tag that is gone":   {"refs/tags/gone", commits[2], "one", ""},
		"a pull request":       {"refs/pull/7/head", commits[1], "two", ""},
		"a branch with a path": {"refs/heads/a/b", commits[2], "one", ""},
	} {
		workspace := t.TempDir()
		if out, ok := checkedOut(t, workspace, url, tt.started, map[string]string{"GITHUB_REF": tt.ref}); !ok {
			t.Errorf("%s: it failed:\n%s", name, out)
			continue
		}
		if got := must(t, workspace, "git", "log", "-1", "--format=%s"); got != tt.subject {
			t.Errorf("%s: got the commit %q, want %q", name, got, tt.subject)
		}
		if got, _ := in(t, workspace, "git", "describe", "--exact-match"); tt.describes != "" && got != tt.describes {
			t.Errorf("%s: got the description %q, want %q", name, got, tt.describes)
		}
	}
}

// TestCheckoutInputs has the inputs that choose what is fetched and what is written.
func TestCheckoutInputs(t *testing.T) {
	t.Parallel()
	url, repo, _ := forgeWithRepository(t)
	must(t, repo, "sh", "-ec", `mkdir -p docs src/deep
echo x > docs/a; echo x > src/deep/b; echo x > src/c
git init --quiet --initial-branch=main ../lib; cd ../lib; git config uploadpack.allowAnySHA1InWant true
git commit --quiet --allow-empty -m empty; echo lib > lib; git add lib; git commit --quiet -m lib
cd ../shop; git -c protocol.file.allow=always submodule --quiet add ../lib lib
git config -f .gitmodules submodule.lib.url ../lib
git add .; git commit --quiet -m 'with a submodule'`)
	commit := must(t, repo, "git", "rev-parse", "main")
	for name, tt := range map[string]struct {
		inputs  map[string]string
		script  string // run in the workspace before
		command string // and after, which must succeed
	}{
		"without submodules":   {nil, "", "test ! -e lib/lib"},
		"submodules":           {map[string]string{"CHECKOUT_SUBMODULES": "true"}, "", "grep -qx lib lib/lib && git -C lib fetch --quiet --unshallow"},
		"submodules, deep":     {map[string]string{"CHECKOUT_SUBMODULES": "recursive", "CHECKOUT_DEPTH": "0"}, "", "test $(git -C lib rev-list --count HEAD) = 2"},
		"no tags":              {nil, "", "! git rev-parse --quiet --verify v1"},
		"tags":                 {map[string]string{"CHECKOUT_TAGS": "true"}, "", "git rev-parse --verify v1"},
		"a partial clone":      {map[string]string{"CHECKOUT_FILTER": "blob:none", "CHECKOUT_DEPTH": "0"}, "", "git rev-list --objects --missing=print HEAD | grep -q '^[?]' && git show v1:file"},
		"directories":          {map[string]string{"CHECKOUT_SPARSE": "docs\n\nsrc/deep\n"}, "", "test -e file && test -e docs/a && test -e src/deep/b && test -e src/c"},
		"one directory":        {map[string]string{"CHECKOUT_SPARSE": "docs"}, "", "test -e docs/a && test ! -e src"},
		"patterns":             {map[string]string{"CHECKOUT_SPARSE": "/src/c\n", "CHECKOUT_CONE": "false"}, "", "test -e src/c && test ! -e docs && test ! -e file"},
		"a used directory":     {nil, "echo old > file; echo left > other", "grep -qx three file && test ! -e other"},
		"not cleaned":          {map[string]string{"CHECKOUT_CLEAN": "false"}, "echo left > other", "grep -qx three file && test -e other"},
		"a trusted directory":  {nil, "", "git config --global --get-all safe.directory | grep -qx \"$PWD\""},
		"not more trusted":     {map[string]string{"CHECKOUT_SAFE_DIRECTORY": "false"}, "", "! git config --global --get-all safe.directory"},
		"with progress":        {map[string]string{"CHECKOUT_PROGRESS": "true"}, "", "true"},
		"the repository again": {nil, "git init --quiet; git remote add origin http://elsewhere.example/x; git config include.path /tmp/git-credentials-old", "test $(git config --get-all include.path | wc -l) = 1 && git fetch --quiet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workspace, settings := t.TempDir(), filepath.Join(t.TempDir(), "gitconfig")
			if tt.script != "" {
				must(t, workspace, "sh", "-ec", tt.script)
			}
			inputs := map[string]string{"GIT_CONFIG_GLOBAL": settings}
			maps.Copy(inputs, tt.inputs)
			out, ok := checkedOut(t, workspace, url, commit, inputs)
			if !ok {
				t.Fatalf("it failed:\n%s", out)
			}
			if got, ok := in(t, workspace, "env", "GIT_CONFIG_GLOBAL="+settings, "sh", "-c", tt.command); !ok {
				t.Errorf("after it, %q fails:\n%s\n%s", tt.command, got, out)
			}
		})
	}
}

// TestCheckoutKeepsTheJobsToken checks out from another server, which must not get the token
// of the job, and does get another one.
func TestCheckoutKeepsTheJobsToken(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]bool{token: false, "another": true} {
		got := false
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, password, basic := r.BasicAuth()
			got = got || basic && password == sent
			w.WriteHeader(http.StatusNotFound)
		}))
		t.Cleanup(server.Close)
		if _, ok := checkedOut(t, t.TempDir(), "http://127.0.0.1:1", "0", map[string]string{
			"CHECKOUT_SERVER": server.URL, "CHECKOUT_TOKEN": sent, "CHECKOUT_JOB_TOKEN": token,
		}); ok || got != want {
			t.Errorf("the token %q: got ok %t, and sent: %t, want %t", sent, ok, got, want)
		}
	}
}
