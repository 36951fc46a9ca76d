package stack

import (
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

func TestSeed(t *testing.T) {
	t.Parallel()
	const seed = "gitea:index:RepositorySeed"
	for line, want := range map[string]int{
		"seed true":             2 + len(artifacts.BundledActions), // checkout needs no bundle
		"seed false":            1 + len(artifacts.BundledActions),
		"actions.bundled false": 1 + len(actionNames),
	} {
		key, value, _ := strings.Cut(line, " ")
		cfg, err := config.Parse(values(key, value))
		if err != nil {
			t.Fatal(err)
		}
		all := declareConfig(t, cfg)
		if got := count(all, seed); got != want {
			t.Errorf("%s: got %d seeds, want %d", line, got, want)
		}
		for _, action := range ActionNames(cfg) {
			named(t, all, "actions-"+strings.ReplaceAll(strings.TrimPrefix(action, "actions/"), "/", "-"))
		}
	}
	for action, source := range map[string]string{
		"checkout": "actions/checkout", "cache": "/bundled/cache", "setup-go": "/bundled/setup-go", "docker-login-action": "/bundled/docker/login-action",
	} {
		inputs := named(t, declare(t), "actions-"+action+"-seed").Inputs
		if got := inputs["source"].StringValue(); !strings.HasSuffix(got, source) {
			t.Errorf("%s: got the source %s, want %s", action, got, source)
		}
	}
}

// TestMirror holds that a mirror takes the place of the project's own action of its name, and that
// runners wait for it.
func TestMirror(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse(values("actions.mirror", "https://git.example.org/Actions/checkout,https://git.example.org/them/it.git"))
	if err != nil {
		t.Fatal(err)
	}
	all := declareConfig(t, cfg)
	if got := count(all, "gitea:index:Mirror"); got != 2 {
		t.Fatalf("got %d mirrors, want 2", got)
	}
	for _, r := range all {
		if r.TypeToken == "gitea:index:RepositorySeed" && r.Inputs["repository"].StringValue() == "checkout" {
			t.Error("the project's own checkout is declared beside the mirror")
		}
	}
	it := named(t, all, "actions-them-it").Inputs
	if it["owner"].StringValue() != "them" || it["name"].StringValue() != "it" || it["address"].StringValue() != "https://git.example.org/them/it.git" {
		t.Errorf("got the mirror %v", it)
	}
	if got := count(all, "gitea:index:Organization"); got != 3 {
		t.Errorf("got %d organizations, want actions, docker and them once each", got)
	}
}

// TestOwnerCalledDocker holds that a user of that name stays one: the actions of the
// organization of that name are left out.
func TestOwnerCalledDocker(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse(values("repository.owner", "Docker"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range declareConfig(t, cfg) {
		if strings.HasPrefix(r.Name, "actions-docker") {
			t.Errorf("%s is declared", r.Name)
		}
	}
}

// TestOnlyOwnContentIsUpdated holds that the seeds of the project's actions
// follow the checkout, and that the user's repository is seeded once.
func TestOnlyOwnContentIsUpdated(t *testing.T) {
	t.Parallel()
	seeds := 0
	for _, r := range declare(t) {
		if r.TypeToken != "gitea:index:RepositorySeed" {
			continue
		}
		seeds++
		update := r.Inputs.HasValue("update") && r.Inputs["update"].BoolValue()
		owner := r.Inputs["owner"].StringValue()
		if own := owner == config.ActionsOrganization || owner == "docker"; update != own {
			t.Errorf("%s of %s: got update %t, want %t", r.Name, owner, update, own)
		}
		if only := r.Inputs.HasValue("onlyOwn") && r.Inputs["onlyOwn"].BoolValue(); only != (owner == "docker") {
			t.Errorf("%s of %s: got onlyOwn %t", r.Name, owner, only)
		}
	}
	if want := 2 + len(artifacts.BundledActions); seeds != want {
		t.Errorf("got %d seeds, want %d: the actions' and the repository's", seeds, want)
	}
}
