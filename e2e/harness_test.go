//go:build e2e

// Package e2e tests the pipeline as a user has it: the launcher, a real Docker host,
// a real forge, a real runner.
package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// label is the label of a stack's objects.
const label = "gitops-pipeline.stack"

// launcher is the program under test, built once.
var launcher string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gitops-pipeline-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	launcher = filepath.Join(dir, "pipeline")
	build := exec.Command("go", "build", "-o", launcher, "../cmd/pipeline")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the launcher: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	if err := removeShared(); err != nil {
		fmt.Fprintf(os.Stderr, "removing the shared stack: %v\n", err)
		code = 1
	}
	_ = os.RemoveAll(dir)
	for _, message := range failures.messages {
		fmt.Println(message)
	}
	os.Exit(code)
}

// project is a checkout of this project in its own directory, and one stack.
type project struct {
	t         *testing.T
	dir       string
	stack     string
	http, ssh int
	host      string            // the forge's host name; default: localhost
	uuids     map[string]string // of runners, by their credential
	ownerName string            // the repository's owner, where it is not the default
	env       []string          // of the launcher, beside the test's own
	umask     string            // of the launcher, where it is not the test's own
	bundled   bool              // whether the forge has the actions that are bundled with npm
}

// newProject copies this project's files, as Git lists them, into a new directory. prepare
// turns that into what the test needs; by default, a Git checkout with one commit.
func newProject(t *testing.T, prepare func(t *testing.T, dir string)) *project {
	t.Helper()
	p := newProjectIn(t, t.TempDir(), prepare)
	t.Cleanup(func() { p.cleanUp() })
	return p
}

// newProjectIn is newProject in a given directory. The caller removes what it creates.
func newProjectIn(t *testing.T, dir string, prepare func(t *testing.T, dir string)) *project {
	t.Helper()
	p := &project{
		t: t, dir: dir, stack: "e2e-" + strings.ToLower(rand.Text()[:8]), http: freePort(t), ssh: freePort(t),
	}
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("listing the project's files: %v", err)
	}
	for _, name := range strings.Split(strings.TrimRight(string(list), "\x00"), "\x00") {
		from, to := filepath.Join("..", name), filepath.Join(p.dir, name)
		info, err := os.Stat(from)
		if os.IsNotExist(err) {
			continue // deleted, but not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if prepare == nil {
		prepare = gitCheckout
	}
	prepare(t, p.dir)
	return p
}

// gitCheckout turns the directory into a Git checkout with one commit.
func gitCheckout(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message=Start")
}

// cleanUp removes the stack. If the test failed, it prints the containers' logs first. With
// E2E_KEEP=1 it keeps the stack.
func (p *project) cleanUp() {
	if os.Getenv("E2E_KEEP") != "" {
		p.t.Logf("kept stack %s in %s", p.stack, p.dir)
		return
	}
	p.logFailure()
	if r := p.run(context.Background(), "down", "--purge", "--yes"); r.code != 0 {
		p.t.Errorf("cleaning up: %s", r.out)
	}
	if left := p.labelled(); left.count() > 0 {
		p.t.Errorf("left with the label of %s: %+v", p.stack, left)
	}
}

// logFailure prints the containers' logs if the test failed.
func (p *project) logFailure() {
	if !p.t.Failed() {
		return
	}
	out, _ := exec.Command("docker", "ps", "--all", "--filter", "label="+label+"="+p.stack).CombinedOutput()
	p.t.Logf("containers:\n%s", out)
	for _, id := range p.labelled().containers {
		out, _ := exec.Command("docker", "logs", "--tail", "30", id).CombinedOutput()
		p.t.Logf("log of %s:\n%s", id, out)
	}
}

// run runs the launcher for the project's stack.
func (p *project) run(ctx context.Context, args ...string) result {
	return p.runEnv(ctx, nil, args...)
}

func (p *project) command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	args = append(args, "--stack", p.stack)
	cmd := exec.CommandContext(ctx, launcher, args...)
	if p.umask != "" {
		cmd = exec.CommandContext(ctx, "sh", append([]string{"-c", `umask "$0" && exec "$@"`, p.umask, launcher}, args...)...)
	}
	cmd.Dir = p.dir
	cmd.Env = slices.Concat(os.Environ(), []string{"NO_COLOR=1"}, p.env, env)
	return cmd
}

func (p *project) runEnv(ctx context.Context, env []string, args ...string) result {
	var out bytes.Buffer
	cmd := p.command(ctx, env, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	r := result{out: out.String(), took: time.Since(start), code: cmd.ProcessState.ExitCode()}
	if err != nil && r.code == 0 {
		r.code = -1
	}
	return r
}

// answer runs the launcher on a terminal, and types text when the launcher asks the question.
func (p *project) answer(question, text string, args ...string) result {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := p.command(ctx, nil, args...)
	terminal, err := pty.Start(cmd)
	if err != nil {
		p.t.Fatal(err)
	}
	defer terminal.Close()
	var out []byte
	asked := false
	for chunk := make([]byte, 4096); ; {
		n, err := terminal.Read(chunk)
		out = append(out, chunk[:n]...)
		if !asked && bytes.Contains(out, []byte(question)) {
			asked = true
			if _, err := terminal.WriteString(text + "\n"); err != nil {
				p.t.Fatal(err)
			}
		}
		if err != nil { // the program has ended
			break
		}
	}
	_ = cmd.Wait()
	return result{out: string(out), code: cmd.ProcessState.ExitCode()}
}

// status is what the tests read of `pipeline status --json`.
type status struct {
	State      string
	URLs       map[string]string
	Secrets    map[string]string
	Containers []struct{ Name, State, Health string }
	Runners    []struct{ Name, Status string }
	Runs       []struct {
		Number                     int
		Commit, Status, Conclusion string
	}
	Images []struct{ Name, Tag, Digest string }
}

func (p *project) status() status {
	p.t.Helper()
	cmd := p.command(p.t.Context(), nil, "status", "--json", "--show-secrets")
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("status: %v\n%s", err, out)
	}
	var s status
	if err := json.Unmarshal(out, &s); err != nil {
		p.t.Fatalf("status: %v\n%s", err, out)
	}
	return s
}

// digest returns the digest of the service's image with a tag, or "".
func (s status) digest(tag string) string {
	for _, i := range s.Images {
		if i.Name == "service" && i.Tag == tag {
			return i.Digest
		}
	}
	return ""
}

// awaitRun polls until the run of a commit has ended, and returns its conclusion. It asks
// the forge: the launcher's status would take the processors from the run.
func (p *project) awaitRun(commit string) string {
	p.t.Helper()
	owner := p.owner()
	last := "no run"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		var list struct {
			Runs []struct{ Status, Conclusion string } `json:"workflow_runs"`
		}
		owner.api(http.MethodGet, "/repos/"+owner.user+"/gitops-pipeline/actions/runs?head_sha="+commit, nil, &list)
		for _, r := range list.Runs {
			if last = r.Status; r.Status == "completed" {
				return r.Conclusion
			}
		}
	}
	p.t.Fatalf("the run of %s did not end in %s; last: %s", commit, patience, last)
	return ""
}
