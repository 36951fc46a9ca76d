//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// TestPlainPulumi goes through the other door: pulumi up and pulumi destroy,
// without the launcher. The launcher only looks on.
func TestPlainPulumi(t *testing.T) {
	p := newProject(t, nil)
	t.Setenv("PULUMI_HOME", t.TempDir())
	t.Setenv("PULUMI_BACKEND_URL", "file://"+t.TempDir())
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "plain")
	t.Setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
	cli := plainPulumi(t, p.dir)
	pulumi := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), cli, append(args, "--non-interactive")...)
		cmd.Dir = p.dir
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
	pulumi("destroy", "--yes", "--skip-preview")
	left := p.labelled()
	if len(left.containers)+len(left.networks) > 0 || len(left.volumes) == 0 {
		t.Errorf("got %+v after destroy, want the volumes and nothing else", left)
	}
}

// plainPulumi is an installed Pulumi with its Go language host, if there is
// one. Else it is the CLI and a language host, both built from Go modules, on
// PATH. The newest language host in a module that mirrors have is of 3.66; it
// cannot run a provider from source, so that gets built.
func plainPulumi(t *testing.T, project string) string {
	t.Helper()
	cli, err := exec.LookPath("pulumi")
	if _, hostErr := exec.LookPath("pulumi-language-go"); err == nil && hostErr == nil {
		t.Logf("the installed %s runs, the provider from source", cli)
		return cli
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "tool")
	build.Dir = filepath.Join("..", "tools", "pulumi-language-go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the language host: %v\n%s", err, out)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if _, err := artifacts.GiteaPlugin(t.Context(), project, t.Output()); err != nil {
		t.Fatal(err)
	}
	built, err := artifacts.Pulumi(t.Context(), "..", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Log("no Pulumi with its Go language host is installed: both are built, and the provider too")
	return built.Path
}
