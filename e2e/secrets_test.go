//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// TestSecretsStaySecret looks for the values of all secrets of a stack in every place where
// they could be read, over the stack's whole life.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	start := time.Now()
	p := newProject(t, nil)
	places := places{} // what was seen there, by name
	arguments := watchArguments(t)
	password, setting := secretSetting(t)
	places["output of up"] = p.up("--secret", setting, "-c", "forge.settings.mailer.SMTP_ADDR=mail.invalid", "-c", "forge.settings.ui.GRAPH_MAX_COMMIT_NUM=77").must(t, 0, "can be pulled").out
	p.hasSettings([]string{"PASSWD = " + password, "SMTP_ADDR = mail.invalid", "GRAPH_MAX_COMMIT_NUM = 77"})
	p.removeSetting("ui.GRAPH_MAX_COMMIT_NUM")
	places["output of up --refresh"] = p.up("--refresh").must(t, 0).out
	p.hasSettings([]string{"PASSWD = " + password, "SMTP_ADDR = mail.invalid"}, "GRAPH_MAX_COMMIT_NUM")
	places["process arguments"] = arguments()

	secrets := p.secrets()
	secrets["mailer.PASSWD"] = password
	p.edit("service/handler.go", "It runs.", "It runs again.")
	if got := p.awaitRun(p.commitAndPush("Change the page")); got != "success" {
		t.Fatalf("got a run that ended in %s, want success", got)
	}
	p.workflowLogs(places)
	p.dockerSees(places)
	large := newSearch(t, secrets)
	large.images(p)
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, p.dir, "clone", "--quiet", p.status().URLs["cloneUrl"], clone)
	places["repository"] = git(t, clone, "log", "--all", "--patch", "--text")

	arguments = watchArguments(t)
	places["output of down"] = p.run(t.Context(), "down", "--yes").must(t, 0).out
	places["process arguments of down"] = arguments()
	p.files(places)
	large.readable(start)

	size := 0
	for _, text := range places {
		size += len(text)
	}
	t.Logf("looked for %d secrets in %d places, %d bytes", len(secrets), len(places)+large.places, int64(size)+large.bytes)
	for name, secret := range secrets {
		if len(secret) < 16 {
			t.Errorf("got a secret %s of %d characters, want a real one", name, len(secret))
		}
		for place, text := range places {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("the secret %s is in the %s", name, place)
				}
			}
		}
	}
}

// places are texts by the name of the place where they were found.
type places map[string]string

// secrets reads the values of the stack's secrets from where they are stored.
func (p *project) secrets() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	s := p.status()
	for name, value := range s.Secrets {
		found[name] = value
	}
	forge, runner := p.container("forge-container"), p.container("runner-0-container")
	found["registration token"] = docker(p.t, "exec", forge, "cat", "/opt/gitops-pipeline/runner-token")
	found["SECRET_KEY"] = docker(p.t, "exec", forge, "cat", "/etc/gitea/secrets/secret-key")
	ini := docker(p.t, "exec", forge, "cat", "/etc/gitea/app.ini")
	for _, m := range regexp.MustCompile(`(?m)^(\w*(?:JWT_SECRET|INTERNAL_TOKEN))\s*=\s*(\S+)`).FindAllStringSubmatch(ini, -1) {
		found[m[1]] = m[2]
	}
	var registered struct{ UUID, Token string }
	if err := json.Unmarshal([]byte(docker(p.t, "exec", runner, "cat", "/data/.runner")), &registered); err != nil {
		p.t.Fatal(err)
	}
	found["runner credential"] = registered.Token
	if p.uuids == nil {
		p.uuids = map[string]string{}
	}
	p.uuids[registered.Token] = registered.UUID
	passphrase, err := os.ReadFile(filepath.Join(p.dir, ".pipeline", "passphrase"))
	if err != nil {
		p.t.Fatal(err)
	}
	found["passphrase"] = strings.TrimSpace(string(passphrase))
	found["REGISTRY_PASS"] = p.registryToken(found["passphrase"])
	if len(found) < 10 {
		p.t.Fatalf("got %d secrets, want at least 10", len(found))
	}
	return found
}

// registryToken reads the access token from the decrypted state.
func (p *project) registryToken(passphrase string) string {
	p.t.Helper()
	cmd := exec.Command(p.pulumi(), "stack", "export", "--show-secrets", "--stack", p.stack)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "PULUMI_CONFIG_PASSPHRASE="+passphrase,
		"PULUMI_BACKEND_URL=file://"+filepath.Join(p.dir, ".pipeline", "state"))
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("exporting the state: %v", err)
	}
	var state struct {
		Deployment struct {
			Resources []struct {
				Type    string
				Outputs map[string]any
			}
		}
	}
	if err := json.Unmarshal(out, &state); err != nil {
		p.t.Fatal(err)
	}
	for _, r := range state.Deployment.Resources {
		if r.Type != "gitea:index:AccessToken" {
			continue
		}
		secret, _ := r.Outputs["token"].(map[string]any)
		var token string
		if text, ok := secret["plaintext"].(string); ok && json.Unmarshal([]byte(text), &token) == nil {
			return token
		}
	}
	p.t.Fatal("the state has no access token")
	return ""
}

// pulumi returns the path of the CLI that the launcher uses.
func (p *project) pulumi() string {
	p.t.Helper()
	cli, err := artifacts.Pulumi(p.t.Context(), "..", p.t.Output())
	if err != nil {
		p.t.Fatal(err)
	}
	return cli.Path
}

// workflowLogs adds the logs of all jobs.
func (p *project) workflowLogs(places places) {
	p.t.Helper()
	const base = "/repos/gitops/gitops-pipeline/actions"
	owner := p.owner()
	var list struct{ Jobs []struct{ ID int } }
	owner.api(http.MethodGet, base+"/jobs", nil, &list)
	if len(list.Jobs) < 4 {
		p.t.Fatalf("got %d jobs, want those of two runs", len(list.Jobs))
	}
	for _, j := range list.Jobs {
		var log string
		owner.api(http.MethodGet, fmt.Sprintf("%s/jobs/%d/logs", base, j.ID), nil, &log)
		places[fmt.Sprintf("log of job %d", j.ID)] = log
	}
}

// dockerSees adds what the Docker host shows of the stack's objects and their images.
func (p *project) dockerSees(places places) {
	p.t.Helper()
	things := p.labelled()
	for _, id := range things.containers {
		places["inspection of container "+id[:12]] = docker(p.t, "inspect", id)
		places["log of container "+id[:12]] = docker(p.t, "logs", id)
		image := docker(p.t, "inspect", "--format", "{{.Image}}", id)
		places["history of image "+image] = docker(p.t, "history", "--no-trunc", image) + docker(p.t, "inspect", image)
	}
	for _, name := range append(things.volumes, things.networks...) {
		places["inspection of "+name] = docker(p.t, "inspect", name)
	}
}

// files adds the state, the configuration, and all world-readable files.
func (p *project) files(places places) {
	p.t.Helper()
	state := filepath.Join(p.dir, ".pipeline", "state")
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o004 == 0 && !strings.HasPrefix(path, state) && !strings.HasPrefix(d.Name(), "Pulumi.") {
			return nil
		}
		text, err := os.ReadFile(path)
		places["file "+path] = string(text)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// watchArguments records the arguments of all processes of the machine until the returned
// function is called, which returns them.
func watchArguments(t *testing.T) func() string {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	seen := map[string]bool{}
	go func() {
		defer close(done)
		// More often would take a whole processor. Gitea, git and Docker's programs live longer.
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				for _, file := range processes(t) {
					if text, err := os.ReadFile(filepath.Join(file, "cmdline")); err == nil {
						seen[strings.ReplaceAll(string(text), "\x00", " ")] = true
					}
				}
			}
		}
	}()
	return func() string {
		close(stop)
		<-done
		var all strings.Builder
		for text := range seen {
			all.WriteString(text + "\n")
		}
		return all.String()
	}
}

// processes returns the directories of all processes, and some more of /proc.
func processes(t *testing.T) []string {
	dir, err := os.Open("/proc")
	if err != nil {
		t.Error(err)
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		t.Error(err)
	}
	for i, name := range names {
		names[i] = filepath.Join("/proc", name)
	}
	return names
}
