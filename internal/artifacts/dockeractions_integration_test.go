//go:build integration

package artifacts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run is how an action is started: its inputs, and what the runner says of the workflow run.
type run struct {
	with, env map[string]string
	event     string // JSON
}

// action runs an action as gitea-runner does, and returns its outputs and what it prints.
func (r run) action(t *testing.T, dir, main string) (outputs map[string]string, printed string, err error) {
	t.Helper()
	temp := t.TempDir()
	event, output := filepath.Join(temp, "event.json"), filepath.Join(temp, "output")
	for path, text := range map[string]string{event: r.event, output: "", filepath.Join(temp, "env"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, filepath.FromSlash(main)))
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + temp, "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + output, "GITHUB_ENV=" + filepath.Join(temp, "env"),
		"GITHUB_EVENT_PATH=" + event, "GITHUB_SERVER_URL=http://localhost:3000", "GITHUB_REPOSITORY=Gitops/Shop",
		"GITHUB_SHA=0123456789abcdef0123456789abcdef01234567",
	}
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	for name, value := range r.with {
		cmd.Env = append(cmd.Env, "INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))+"="+value)
	}
	text, err := cmd.CombinedOutput()
	written, readErr := os.ReadFile(output)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return parseOutputs(string(written)), string(text), err
}

// parseOutputs reads a GITHUB_OUTPUT file: name<<END, lines, END.
func parseOutputs(text string) map[string]string {
	outputs := map[string]string{}
	for lines := strings.Split(text, "\n"); len(lines) > 1; {
		name, end, _ := strings.Cut(lines[0], "<<")
		n := 1
		for n < len(lines) && lines[n] != end {
			n++
		}
		outputs[name] = strings.Join(lines[1:n], "\n")
		lines = lines[min(n+1, len(lines)):]
	}
	return outputs
}

// bundled builds the actions, or takes them from the cache.
func bundled(t *testing.T) string {
	t.Helper()
	dir, err := Actions(t.Context(), root, NewProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestMetadata holds docker/metadata-action to what the well-known action of this name makes.
func TestMetadata(t *testing.T) {
	dir := bundled(t)
	const event = `{"repository": {"name": "Shop", "description": "Sells, and buys", "default_branch": "main"}}`
	const semver = "type=semver,pattern={{version}}\ntype=semver,pattern={{major}}.{{minor}}\ntype=semver,pattern={{major}},enable={{is_default_branch}}"
	for name, c := range map[string]struct{ ref, event, tags, flavor, version, want string }{
		"branch":              {"refs/heads/main", "push", "", "", "main", "main"},
		"branch with a slash": {"refs/heads/feature/x+y", "push", "", "", "feature-x-y", "feature-x-y"},
		"tag":                 {"refs/tags/v1.2.3", "push", "", "", "v1.2.3", "v1.2.3 latest"},
		"pull request":        {"refs/pull/7/head", "pull_request", "", "", "pr-7", "pr-7"},
		"schedule":            {"refs/heads/main", "schedule", "", "", "nightly", "nightly main"},
		"release":             {"refs/tags/v1.2.3", "push", semver, "", "1.2.3", "1.2.3 1.2 latest"},
		"prerelease":          {"refs/tags/v1.2.3-rc.1", "push", semver, "", "1.2.3-rc.1", "1.2.3-rc.1"},
		"no release":          {"refs/heads/main", "push", semver, "", "", ""},
		"a given version":     {"refs/heads/main", "push", "type=semver,pattern=v{{major}},value=2.0.1", "", "v2", "v2 latest"},
		"commit and raw":      {"refs/heads/main", "push", "type=sha\ntype=raw,value=next\nplain", "", "next", "next plain sha-0123456"},
		"whole commit":        {"refs/heads/main", "push", "type=sha,format=long,prefix=", "", "0123456789abcdef0123456789abcdef01234567", "0123456789abcdef0123456789abcdef01234567"},
		"default branch":      {"refs/heads/main", "push", "type=raw,value=latest,enable={{is_default_branch}}", "", "latest", "latest"},
		"another branch":      {"refs/heads/dev", "push", "type=raw,value=latest,enable={{is_default_branch}}\ntype=edge\ntype=edge,branch=dev", "", "edge", "edge"},
		"match":               {"refs/tags/p1/v1.2", "push", `type=match,pattern=p1/v(\d.\d),group=1`, "", "1.2", "1.2 latest"},
		"flavor":              {"refs/tags/v1.2.3", "push", "type=semver,pattern={{version}}\ntype=sha", "latest=false\nprefix=a-\nsuffix=-b", "a-1.2.3-b", "a-1.2.3-b sha-0123456-b"},
		"flavor of latest":    {"refs/tags/v1.2.3", "push", "type=ref,event=tag", "suffix=-alpine,onlatest=true", "v1.2.3-alpine", "v1.2.3-alpine latest-alpine"},
		"priority":            {"refs/heads/main", "push", "type=sha\ntype=raw,value=x,priority=50", "", "sha-0123456", "sha-0123456 x"},
		"expressions":         {"refs/heads/main", "push", "type=raw,value={{branch}}-{{sha}}", "", "main-0123456", "main-0123456"},
	} {
		t.Run(name, func(t *testing.T) {
			outputs, printed, err := run{
				with:  map[string]string{"images": "name=localhost:3000/Gitops/Shop,enable=true\nname=other,enable=false", "tags": c.tags, "flavor": c.flavor, "labels": "org.opencontainers.image.title=Other\nmine=a,b=c"},
				env:   map[string]string{"GITHUB_REF": c.ref, "GITHUB_EVENT_NAME": c.event},
				event: event,
			}.action(t, dir, "docker/metadata-action/main.js")
			if err != nil {
				t.Fatalf("%v: %s", err, printed)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(outputs["tags"], "localhost:3000/gitops/shop:", ""), "\n", " ")
			if got != c.want || outputs["version"] != c.version {
				t.Errorf("got the tags %q and the version %q, want %q and %q", got, outputs["version"], c.want, c.version)
			}
			var all struct{ Labels map[string]string }
			if err := json.Unmarshal([]byte(outputs["json"]), &all); err != nil {
				t.Fatal(err)
			}
			for label, want := range map[string]string{
				"org.opencontainers.image.title": "Other", "org.opencontainers.image.description": "Sells, and buys", "mine": "a,b=c",
				"org.opencontainers.image.source": "http://localhost:3000/Gitops/Shop", "org.opencontainers.image.version": c.version,
			} {
				if got := all.Labels[label]; got != want {
					t.Errorf("got the label %s=%q, want %q", label, got, want)
				}
			}
		})
	}
}

// unbuildable adds to the inputs of a build what has it fail before Docker does anything.
func unbuildable(with map[string]string) map[string]string {
	with["platforms"], with["context"] = "linux/amd64,linux/arm64", "."
	if with["tags"] == "" {
		with["tags"] = "localhost:3000/gitops/shop:1"
	}
	return with
}

// TestDockerActionsRefuse holds that wrong inputs are refused, and that inputs without effect
// are said, before Docker does anything.
func TestDockerActionsRefuse(t *testing.T) {
	dir := bundled(t)
	for name, c := range map[string]struct {
		main, want string
		with       map[string]string
	}{
		"login without a password":     {"login", "password is empty; set it", map[string]string{"username": "me"}},
		"login to several registries":  {"login", "registry-auth is not supported here", map[string]string{"registry-auth": "x"}},
		"another driver":               {"setup-buildx", "no builder with the driver kubernetes", map[string]string{"driver": "kubernetes"}},
		"push without a name":          {"build-push", "the image has no name; set tags", map[string]string{"push": "true"}},
		"several platforms":            {"build-push", "builds for one at a time", map[string]string{"platforms": "linux/amd64,linux/arm64", "context": "."}},
		"a secret without a name":      {"build-push", "secrets has a line without a name", map[string]string{"secrets": "s3cr3t", "context": "."}},
		"an expression as the context": {"build-push", "write a directory, or {{defaultContext}}", map[string]string{"context": "{{x}}"}},
		"a cache in a directory":       {"build-push", "cache-to with type=local has no effect here", unbuildable(map[string]string{"push": "true", "cache-to": "type=local,dest=x"})},
		"a directory, not pushed":      {"build-push", "cache-to with type=local has no effect here: the job engine's builder keeps its cache in the image that is pushed. The image", unbuildable(map[string]string{"cache-to": "type=local,dest=x"})},
		"a cache without a name":       {"build-push", "it has no ref", unbuildable(map[string]string{"push": "true", "cache-to": "type=registry"})},
		"a cache that is not pushed":   {"build-push", "cache-to with type=gha has no effect here", unbuildable(map[string]string{"cache-to": "type=gha"})},
		"a cache of another registry":  {"build-push", "no name in tags is one of the forge's registry", unbuildable(map[string]string{"tags": "example.org/a/b:1", "push": "true", "cache-to": "type=gha"})},
		"a cache of all stages":        {"build-push", "cache-to with mode=max keeps the layers of the image", unbuildable(map[string]string{"push": "true", "cache-to": "type=gha,mode=max"})},
		"an unknown rule":              {"metadata", "there is no type pep440 here", map[string]string{"tags": "type=pep440,pattern={{version}}"}},
		"an unknown setting":           {"metadata", "a rule of type sha has no length", map[string]string{"tags": "type=sha,length=9"}},
		"an unknown expression":        {"metadata", "there is no expression {{nonsense}}", map[string]string{"tags": "type=raw,value={{nonsense}}"}},
		"an unknown flavor":            {"metadata", "flavor has 'latest=maybe'", map[string]string{"flavor": "latest=maybe"}},
		"the git context":              {"metadata", "only workflow is supported", map[string]string{"context": "git"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, printed, err := run{with: c.with, env: map[string]string{"GITHUB_REF": "refs/heads/main"}, event: "{}"}.action(t, dir, fmt.Sprintf("docker/%s-action/main.js", c.main))
			if err == nil || !strings.Contains(printed, c.want) {
				t.Errorf("got %v and %q, want an error that says %q", err, printed, c.want)
			}
		})
	}
}
