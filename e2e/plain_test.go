//go:build e2e

package e2e

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
	pulumi("config", "set", "actions.bundled", "false")
	pulumi("config", "set", "httpPort", strconv.Itoa(p.http))
	pulumi("config", "set", "sshPort", strconv.Itoa(p.ssh))
	p.ownerName = "DevTeam" // the names of images are in lower case nevertheless
	pulumi("config", "set", "repository.owner", p.ownerName)
	pulumi("config", "set", "runner.count", "2")
	password := rand.Text()
	pulumi("config", "set", "--path", `["forge.settings"]["mailer.SMTP_ADDR"]`, "mail.invalid")
	pulumi("config", "set", "--secret", "--path", `["forge.settings"]["mailer.PASSWD"]`, password)
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
	p.hasSettings([]string{"SMTP_ADDR = mail.invalid", "PASSWD = " + password})
	inspected := docker(t, "inspect", p.container("forge-container"))
	if state := pulumi("stack", "export"); strings.Contains(inspected+state+out, password) {
		t.Error("a secret setting is in plain text in the state, the output or docker inspect")
	}

	// A changed action reaches the jobs, because its tag is moved.
	const marker = "checked out by the changed action"
	p.edit("actions/checkout/checkout.sh", "git log -1 --format", "echo '"+marker+"'\ngit log -1 --format")
	pulumi("up", "--yes", "--skip-preview")
	delivered := p.webhook()
	slow, newest := p.pushTwice()
	if log := p.owner().jobLog("gitops-pipeline", slow, "build-and-push"); !strings.Contains(log, marker) {
		t.Errorf("the job does not run the changed action:\n%s", log)
	}
	select {
	case event := <-delivered:
		if event != "push" {
			t.Errorf("got a delivery of the event %q, want push", event)
		}
	case <-time.After(patience):
		t.Error("the forge delivered nothing to a private address of the Docker host")
	}
	p.runAgain(head, newest)

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
