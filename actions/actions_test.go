// Package actions tests the actions' scripts with the environment that they get from the
// runner.
package actions

import (
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const token = "job-token-of-the-test"

// forge serves one repository with git's HTTP backend to clients that have the token. It
// returns its address and the commits, the newest first.
func forge(t *testing.T) (url string, commits []string) {
	t.Helper()
	url, _, commits = forgeWithRepository(t)
	return url, commits
}

// forgeWithRepository is forge, with the directory of the repository.
func forgeWithRepository(t *testing.T) (url, repo string, commits []string) {
	t.Helper()
	root := t.TempDir()
	repo = filepath.Join(root, "ann", "shop")
	if err := os.MkdirAll(repo, 0o755); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=T", "-c", "user.email=t@example.org"}, args...)...)
		cmd.Dir = repo
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet", "--initial-branch=main")
	git("config", "uploadpack.allowAnySHA1InWant", "true")
	git("config", "uploadpack.allowFilter", "true")
	git("config", "http.receivepack", "true")
	git("config", "receive.denyCurrentBranch", "ignore")
	for _, content := range []string{"one", "two", "three"} {
		if err := os.WriteFile(filepath.Join(repo, "file"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		git("add", "file")
		git("commit", "--quiet", "--message="+content)
	}
	git("tag", "v1", "HEAD~1")
	execPath, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(execPath)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != token {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, repo, strings.Fields(git("rev-list", "HEAD"))
}

// home creates a home directory in which Go's telemetry is off. If it is on, the first go
// command starts a process that may still write there when the test has ended.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	telemetry := filepath.Join(dir, ".config", "go", "telemetry")
	if err := os.MkdirAll(telemetry, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(telemetry, "mode"), []byte("off"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a script with exactly the given environment and PATH.
func run(t *testing.T, dir, script string, env map[string]string) (out string, ok bool) {
	t.Helper()
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", path)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + home(t)}
	if _, set := env["PATH"]; !set {
		cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"))
	}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	data, err := cmd.CombinedOutput()
	return string(data), err == nil
}

// checkoutEnvironment is what the runner gives the action checkout by default.
func checkoutEnvironment(workspace, url, commit string) map[string]string {
	return map[string]string{
		"GITHUB_WORKSPACE": workspace, "GITHUB_SERVER_URL": url, "GITHUB_REPOSITORY": "ann/shop", "GITHUB_SHA": commit,
		"CHECKOUT_REPOSITORY": "ann/shop", "CHECKOUT_TOKEN": token, "CHECKOUT_DEPTH": "1",
	}
}

func TestCheckout(t *testing.T) {
	t.Parallel()
	url, commits := forge(t)
	for name, tt := range map[string]struct {
		env     map[string]string
		content string
		depth   string
	}{
		"this commit":               {nil, "three", "1"},
		"branch":                    {map[string]string{"CHECKOUT_REF": "main"}, "three", "1"},
		"tag":                       {map[string]string{"CHECKOUT_REF": "v1"}, "two", "1"},
		"older commit":              {map[string]string{"CHECKOUT_REF": commits[2]}, "one", "1"},
		"two deep":                  {map[string]string{"CHECKOUT_DEPTH": "2"}, "three", "2"},
		"all history":               {map[string]string{"CHECKOUT_DEPTH": "0"}, "three", "3"},
		"below a path":              {map[string]string{"CHECKOUT_PATH": "sub/directory"}, "three", "1"},
		"default branch of another": {map[string]string{"GITHUB_REPOSITORY": "bob/other"}, "three", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workspace := t.TempDir()
			env := checkoutEnvironment(workspace, url, commits[0])
			maps.Copy(env, tt.env)
			out, ok := run(t, workspace, "checkout/checkout.sh", env)
			if !ok {
				t.Fatalf("it failed:\n%s", out)
			}
			dir := filepath.Join(workspace, env["CHECKOUT_PATH"])
			if got, _ := os.ReadFile(filepath.Join(dir, "file")); string(got) != tt.content {
				t.Errorf("got %q, want %q", got, tt.content)
			}
			if got, _ := exec.Command("git", "-C", dir, "rev-list", "--count", "HEAD").Output(); strings.TrimSpace(string(got)) != tt.depth {
				t.Errorf("got %s commits, want %s", got, tt.depth)
			}
			if strings.Contains(out, token) {
				t.Errorf("the log shows the token:\n%s", out)
			}
			config, err := os.ReadFile(filepath.Join(dir, ".git", "config"))
			if err != nil || strings.Contains(string(config), token) || strings.Contains(string(config), "extraheader") {
				t.Errorf("got %v and the configuration\n%s\nwant no credential in it", err, config)
			}
		})
	}
}

func TestCheckoutRefuses(t *testing.T) {
	t.Parallel()
	url, commits := forge(t)
	for name, tt := range map[string]struct {
		key, value, want string
	}{
		"outside the workspace": {"CHECKOUT_PATH", "../elsewhere", "outside the workspace"},
		"depth":                 {"CHECKOUT_DEPTH", "some", "whole number"},
		"submodules":            {"CHECKOUT_SUBMODULES", "yes", "true, false or recursive"},
		"a boolean":             {"CHECKOUT_PERSIST", "yes", "true or false"},
		"no such ref":           {"CHECKOUT_REF", "nope", "nope"},
		"no token":              {"CHECKOUT_TOKEN", "", "Username"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workspace := t.TempDir()
			env := checkoutEnvironment(workspace, url, commits[0])
			env[tt.key] = tt.value
			if out, ok := run(t, workspace, "checkout/checkout.sh", env); ok || !strings.Contains(out, tt.want) {
				t.Errorf("got ok %t and\n%s\nwant a failure that says %q", ok, out, tt.want)
			}
		})
	}
}

func TestUnsupportedInputsWarn(t *testing.T) {
	t.Parallel()
	out, _ := run(t, t.TempDir(), "checkout/checkout.sh", map[string]string{"CHECKOUT_UNSUPPORTED": " ssh-key  ssh-strict ", "CHECKOUT_DEPTH": "x"})
	for _, want := range []string{"::warning::checkout: the input 'ssh-key'", "::warning::checkout: the input 'ssh-strict'"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q", out, want)
		}
	}
}

func TestSetupGo(t *testing.T) {
	t.Parallel()
	have := goVersion(t)
	minor := have[:strings.LastIndex(have, ".")]
	empty := t.TempDir()
	if err := os.Symlink("/bin/bash", filepath.Join(empty, "bash")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env  map[string]string
		file string
		ok   bool
		want string
	}{
		"nothing asked":   {nil, "", true, "using Go " + have},
		"stable":          {map[string]string{"SETUP_GO_VERSION": "stable"}, "", true, "using Go " + have},
		"exactly":         {map[string]string{"SETUP_GO_VERSION": have}, "", true, "using Go " + have},
		"minor":           {map[string]string{"SETUP_GO_VERSION": minor}, "", true, "using Go " + have},
		"file minimum":    {map[string]string{"SETUP_GO_VERSION_FILE": "go.mod"}, "module m\n\ngo 1.20\n", true, "using Go " + have},
		"file toolchain":  {map[string]string{"SETUP_GO_VERSION_FILE": "go.mod"}, "module m\n\ngo 1.20\n\ntoolchain go" + have + "\n", true, "using Go " + have},
		"no file":         {map[string]string{"SETUP_GO_VERSION_FILE": "go.mod"}, "", false, "does not exist"},
		"file of Windows": {map[string]string{"SETUP_GO_VERSION_FILE": "go.mod"}, "module m\r\n\r\ngo 1.20\r\n", true, "using Go " + have},
		"caret":           {map[string]string{"SETUP_GO_VERSION": "^1.20"}, "", true, "using Go " + have},
		"tilde":           {map[string]string{"SETUP_GO_VERSION": "~" + minor}, "", true, "using Go " + have},
		"at least":        {map[string]string{"SETUP_GO_VERSION": ">=1.20.3"}, "", true, "using Go " + have},
		"any of 1":        {map[string]string{"SETUP_GO_VERSION": "1.x"}, "", true, "using Go " + have},
		"any minor":       {map[string]string{"SETUP_GO_VERSION": minor + ".x"}, "", true, "using Go " + have},
		"range too new":   {map[string]string{"SETUP_GO_VERSION": "^1.999", "GOPROXY": "off"}, "", false, "it has " + have},
		"no version":      {map[string]string{"SETUP_GO_VERSION": "1.26 || 1.25"}, "", false, "is not a version"},
		"not to be had":   {map[string]string{"SETUP_GO_VERSION": "1.26.999", "GOPROXY": "off"}, "", false, "it has " + have},
		"no Go":           {map[string]string{"PATH": empty}, "", false, "has no Go"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if tt.file != "" {
				writeFile(t, filepath.Join(dir, "go.mod"), tt.file)
			}
			env := map[string]string{"GITHUB_ENV": filepath.Join(dir, "env")}
			maps.Copy(env, tt.env)
			if out, ok := run(t, dir, "setup-go/setup-go.sh", env); ok != tt.ok || !strings.Contains(out, tt.want) {
				t.Errorf("got ok %t and\n%s\nwant ok %t and %q", ok, out, tt.ok, tt.want)
			}
		})
	}
}

// TestSetupGoVersionFiles has the version in the files of other tools.
func TestSetupGoVersionFiles(t *testing.T) {
	t.Parallel()
	have := goVersion(t)
	for name, text := range map[string]string{
		".go-version": have + "\n", "go-version.txt": "\r\ngo" + have + "\r\n", ".tool-versions": "nodejs 22.1.0\ngolang " + have + "\r\n",
	} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, name), text)
		env := map[string]string{"GITHUB_ENV": filepath.Join(dir, "env"), "SETUP_GO_VERSION_FILE": name}
		if out, ok := run(t, dir, "setup-go/setup-go.sh", env); !ok || !strings.Contains(out, "using Go "+have) {
			t.Errorf("%s: got ok %t and\n%s\nwant Go %s", name, ok, out, have)
		}
	}
}

// goVersion returns the version of the Go that runs the tests, such as 1.26.8.
func goVersion(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(version)), "go")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
