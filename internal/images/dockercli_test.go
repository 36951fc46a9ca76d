package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	cliconfig "github.com/docker/cli/cli/config"
)

// TestDockerOfJobsTakesProxies runs the docker command of jobs, with echo in place of the
// Docker CLI, and reads its configuration as the CLI does.
func TestDockerOfJobsTakesProxies(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../images/job/docker.sh")
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(t.TempDir(), "docker")
	if err := os.WriteFile(command, []byte(strings.Replace(string(script), "exec /usr/bin/docker", "exec echo", 1)), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(home string, env ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), command, "build", "a b")
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}, env...)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "build a b\n" {
			t.Fatalf("got %q, %v, want the command with its arguments", out, err)
		}
	}
	proxies := func(dir string) map[string]string {
		t.Helper()
		cfg, err := cliconfig.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for name, value := range cfg.ParseProxyConfig("unix:///var/run/docker.sock", nil) {
			found[name] = *value
		}
		return found
	}

	home := t.TempDir()
	run(home)
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Errorf("without proxies: got the files %v, %v, want none", entries, err)
	}
	const odd = `http://10.0.0.1:3128/"\x`
	run(home, "HTTP_PROXY="+odd, "http_proxy="+odd, "NO_PROXY=localhost,127.0.0.0/8")
	got := proxies(filepath.Join(home, ".docker"))
	if got["HTTP_PROXY"] != odd || got["http_proxy"] != odd || got["no_proxy"] != "localhost,127.0.0.0/8" || got["HTTPS_PROXY"] != "" {
		t.Errorf("got %v, want the proxy for http:// and the exceptions", got)
	}
	if entries, err := os.ReadDir(filepath.Join(home, ".docker")); err != nil || len(entries) != 1 {
		t.Errorf("got the files %v, %v, want the configuration alone", entries, err)
	}

	own := t.TempDir()
	const login = `{"auths":{"localhost:3000":{"auth":"eDp5"}}}`
	if err := os.WriteFile(filepath.Join(own, "config.json"), []byte(login), 0o600); err != nil {
		t.Fatal(err)
	}
	run(home, "HTTPS_PROXY=http://10.0.0.1:3128", "DOCKER_CONFIG="+own)
	if kept, err := os.ReadFile(filepath.Join(own, "config.json")); err != nil || string(kept) != login {
		t.Errorf("got %s, %v, want the job's own configuration as it was", kept, err)
	}
	other := t.TempDir()
	run(home, "HTTPS_PROXY=http://10.0.0.1:3128", "DOCKER_CONFIG="+other)
	if got := proxies(other)["https_proxy"]; got != "http://10.0.0.1:3128" {
		t.Errorf("got %q in an empty directory of the job's own, want the proxy", got)
	}
}
