//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// TestPlainPulumi uses pulumi up and pulumi destroy without the launcher. The launcher only
// shows the status.
func TestPlainPulumi(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	cli, path := plainPulumi(t, p.dir)
	p.env = []string{
		"PULUMI_HOME=" + t.TempDir(), "PULUMI_BACKEND_URL=file://" + t.TempDir(), "PULUMI_CONFIG_PASSPHRASE=plain",
		"PULUMI_SKIP_UPDATE_CHECK=true", "PATH=" + path,
	}
	pulumi := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), cli, append(args, "--non-interactive")...)
		cmd.Dir, cmd.Env = p.dir, append(os.Environ(), p.env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("pulumi %s: %v\n%s", args[0], err, out)
		}
		return string(out)
	}
	plugin, err := artifacts.DockerPlugin(t.Context(), "..", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	version, err := artifacts.DockerPluginVersion("..")
	if err != nil {
		t.Fatal(err)
	}

	pulumi("plugin", "install", "resource", "docker", version, "--file", plugin)
	pulumi("stack", "init", p.stack)
	pulumi("config", "set", "images", "source")
	pulumi("config", "set", "httpPort", strconv.Itoa(p.http))
	pulumi("config", "set", "sshPort", strconv.Itoa(p.ssh))
	p.ownerName = "DevTeam" // the names of images are in lower case nevertheless
	pulumi("config", "set", "repository.owner", p.ownerName)
	out := pulumi("up", "--yes", "--skip-preview")
	for _, secret := range []string{"adminPassword: [secret]", "ownerPassword: [secret]"} {
		if !strings.Contains(out, secret) {
			t.Errorf("got output without %q:\n%s", secret, out)
		}
	}
	head := strings.TrimSpace(git(t, p.dir, "rev-parse", "HEAD"))
	if got := p.awaitRun(head); got != "success" {
		t.Errorf("got a first run that ended in %s, want success", got)
	}
	if s := p.status(); s.digest(head) == "" {
		t.Errorf("got images %+v, want one of %s", s.Images, head)
	}
	pulumi("preview", "--expect-no-changes")

	// A changed action reaches the jobs, because its tag is moved.
	const marker = "checked out by the changed action"
	p.edit("actions/checkout/checkout.sh", "git log -1 --format", "echo '"+marker+"'\ngit log -1 --format")
	pulumi("up", "--yes", "--skip-preview")
	second := p.commitAndPush("Change the action")
	if got := p.awaitRun(second); got != "success" {
		t.Errorf("got a second run that ended in %s, want success", got)
	}
	if log := p.owner().jobLog("gitops-pipeline", second, "build-and-push"); !strings.Contains(log, marker) {
		t.Errorf("the job does not run the changed action:\n%s", log)
	}
	p.latestStays(head, second)

	if out, err := exec.Command("docker", "rm", "--force", p.labelled().containers[0]).CombinedOutput(); err != nil {
		t.Fatalf("removing a container by hand: %v\n%s", err, out)
	}
	pulumi("destroy", "--yes", "--skip-preview", "--refresh")
	left := p.labelled()
	if len(left.containers)+len(left.networks) > 0 || len(left.volumes) == 0 {
		t.Errorf("got %+v after destroy, want the volumes and nothing else", left)
	}
}

// plainPulumi returns the path of an installed Pulumi with its Go language host, if there is
// one, and the PATH to run it with. Otherwise it builds the CLI and a language host from Go
// modules, and the PATH contains the language host. The newest language host that module
// mirrors have is that of 3.66. It cannot run a provider from source, so the provider is built
// too, into its source directory.
func plainPulumi(t *testing.T, project string) (cli, path string) {
	t.Helper()
	cli, err := exec.LookPath("pulumi")
	if _, hostErr := exec.LookPath("pulumi-language-go"); err == nil && hostErr == nil {
		t.Logf("the installed %s runs, the provider from source", cli)
		return cli, os.Getenv("PATH")
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "tool")
	build.Dir = filepath.Join("..", "tools", "pulumi-language-go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the language host: %v\n%s", err, out)
	}
	plugin, err := artifacts.GiteaPlugin(t.Context(), project, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(plugin)
	if err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(project, "provider", "cmd", "pulumi-resource-gitea", "pulumi-resource-gitea")
	if _, err := os.Stat(beside); err == nil {
		t.Errorf("%s was built into the checkout, where a plain pulumi up prefers it to the source", beside)
	}
	if err := os.WriteFile(beside, program, 0o755); err != nil {
		t.Fatal(err)
	}
	built, err := artifacts.Pulumi(t.Context(), "..", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("no Pulumi with its Go language host is installed: both are built, and the provider too")
	return built.Path, dir + string(filepath.ListSeparator) + os.Getenv("PATH")
}

// latestStays runs an older commit's workflow again. The tag latest must stay at the newest
// commit.
func (p *project) latestStays(older, newest string) {
	p.t.Helper()
	want := p.status().digest(newest)
	if got := p.status().digest("latest"); got == "" || got != want {
		p.t.Errorf("got latest at %q, want %q of %s", got, want, newest)
	}
	owner := p.owner()
	var runs struct {
		Runs []struct {
			ID      int64
			HeadSHA string `json:"head_sha"`
		} `json:"workflow_runs"`
	}
	base := "/repos/" + owner.user + "/gitops-pipeline/actions"
	owner.api(http.MethodGet, base+"/runs?head_sha="+older, nil, &runs)
	if len(runs.Runs) != 1 || runs.Runs[0].HeadSHA != older {
		p.t.Fatalf("got runs %+v, want the one of %s", runs.Runs, older)
	}
	owner.api(http.MethodPost, fmt.Sprintf("%s/runs/%d/rerun", base, runs.Runs[0].ID), nil, nil)
	if got := p.awaitRun(older); got != "success" {
		p.t.Errorf("got a repeated run that ended in %s, want success", got)
	}
	if log := owner.jobLog("gitops-pipeline", older, "build-and-push"); !strings.Contains(log, "latest stays as it is") {
		p.t.Errorf("the repeated job does not say that it leaves latest alone:\n%s", log)
	}
	if got := p.status().digest("latest"); got != want {
		p.t.Errorf("a run of an older commit moved latest from %s to %s", want, got)
	}
}

// jobLog returns the log of a commit's job.
func (a account) jobLog(repository, commit, job string) (log string) {
	a.p.t.Helper()
	base := fmt.Sprintf("/repos/%s/%s/actions", a.user, repository)
	var list struct {
		Jobs []struct {
			ID      int64
			Name    string
			HeadSHA string `json:"head_sha"`
		}
	}
	a.api(http.MethodGet, base+"/jobs", nil, &list)
	for _, j := range list.Jobs {
		if j.HeadSHA == commit && j.Name == job {
			a.api(http.MethodGet, fmt.Sprintf("%s/jobs/%d/logs", base, j.ID), nil, &log)
			return log
		}
	}
	a.p.t.Fatalf("got jobs %+v, want %s of %s", list.Jobs, job, commit)
	return ""
}
