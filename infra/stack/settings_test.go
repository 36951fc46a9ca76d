package stack

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

func TestForgeSettings(t *testing.T) {
	t.Parallel()
	env := environment(t, []string{"forge.settings", `{
		"mailer.ENABLED": true, "APP_NAME": "Ours", "repository.pull-request.DEFAULT_MERGE_STYLE": "rebase", "cron.git_gc_repos.ENABLED": true
	}`}, "forge-container")
	for _, want := range []string{ // as Gitea's documentation and its config_env.go spell them
		"GITEA__mailer__ENABLED=true",
		"GITEA____APP_NAME=Ours",
		"GITEA__repository_0X2E_pull_0X2D_request__DEFAULT_MERGE_STYLE=rebase",
		"GITEA__cron_0X2E_git_gc_repos__ENABLED=true",
		"GITEA__webhook__ALLOWED_HOST_LIST=external,private,forge",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("got %q, want %s", env, want)
		}
	}
	env = environment(t, []string{"forge.settings", `{"webhook.ALLOWED_HOST_LIST": "external"}`}, "forge-container")
	var lists []string
	for _, e := range env {
		if strings.Contains(e, "ALLOWED_HOST_LIST") {
			lists = append(lists, e)
		}
	}
	if want := "GITEA__webhook__ALLOWED_HOST_LIST=external,forge"; !slices.Equal(lists, []string{want}) {
		t.Errorf("got %q, want %s alone", lists, want)
	}
}

// TestSecretSettings holds that no value is in the environment if one of them is a secret,
// and that the values are in files, which the state has as secrets.
func TestSecretSettings(t *testing.T) {
	t.Parallel()
	pairs := values("forge.settings", `{"mailer.PASSWD": "s3cret", "mailer.ENABLED": true, "APP_NAME": ""}`)
	cfg, err := config.Parse(pairs, naming.Project+":forge.settings")
	if err != nil {
		t.Fatal(err)
	}
	forge := named(t, declareConfig(t, cfg), "forge-container")
	env := fmt.Sprint(forge.Inputs["envs"].Mappable())
	if strings.Contains(env, "s3cret") || strings.Contains(env, "mailer__ENABLED=true") {
		t.Errorf("got %s, want no value of forge.settings", env)
	}
	uploads := forge.Inputs["uploads"].ArrayValue()
	for name, want := range map[string]string{"mailer.PASSWD": "s3cret\n", "mailer.ENABLED": "true\n", "APP_NAME": "\n"} {
		if file := "__FILE=/opt/gitops-pipeline/settings/" + name; !strings.Contains(env, file) {
			t.Errorf("got %s, want %s", env, file)
		}
		found := false
		for _, u := range uploads {
			if o := u.ObjectValue(); o["file"].StringValue() == "/opt/gitops-pipeline/settings/"+name {
				content := o["content"]
				found = content.IsSecret() && content.SecretValue().Element.StringValue() == want
			}
		}
		if !found {
			t.Errorf("got the files %v, want %s with %q as a secret", uploads, name, want)
		}
	}
	if !strings.Contains(env, "GITEA__webhook__ALLOWED_HOST_LIST=external,private,forge") {
		t.Errorf("got %s, want the pipeline's own default as it is", env)
	}
}

// TestEncryptedSettings holds that settings which nobody decrypted are not left out in
// silence.
func TestEncryptedSettings(t *testing.T) {
	t.Parallel()
	cfg := config.Config{EncryptedSettings: map[string]string{"mailer.PASSWD": "v1:x"}}
	if err := pulumi.RunErr(NewProgram(Options{Config: cfg}), pulumi.WithMocks(naming.Project, "test", &recorder{})); err == nil {
		t.Error("got no error")
	}
}

// TestWhatThePipelineSetsIsReserved holds that forge.settings refuses each setting that
// the program itself writes, so that none is in the environment twice.
func TestWhatThePipelineSetsIsReserved(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, variable := range forgeEnvironment(config.Config{Host: "localhost", HTTPPort: 3000, SSHPort: 2222}) {
		encoded, ok := strings.CutPrefix(variable, "GITEA__")
		if !ok {
			continue
		}
		seen++
		encoded, _, _ = strings.Cut(encoded, "=")
		section, key, _ := strings.Cut(strings.ReplaceAll(encoded, "_0X2E_", "."), "__")
		name := section + "." + key
		if _, err := config.Parse(values("forge.settings", `{"`+name+`": "x"}`)); err == nil || !strings.Contains(err.Error(), name+", which the pipeline itself sets") {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	if seen < 20 {
		t.Errorf("got %d settings, want all of them", seen)
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	const want = "TZ=Europe/Berlin"
	for _, name := range []string{"forge-container", "runner-0-container"} {
		if env := environment(t, []string{"timezone", "Europe/Berlin"}, name); !slices.Contains(env, want) {
			t.Errorf("%s: got %q, want %s", name, env, want)
		}
		if env := environment(t, nil, name); slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "TZ=") }) {
			t.Errorf("%s: got %q without a time zone, want none", name, env)
		}
	}
	for zone, want := range map[string]string{"Europe/Berlin": "Europe/Berlin", "": ""} {
		cfg, err := config.Parse(values("timezone", zone))
		if err != nil {
			t.Fatal(err)
		}
		text, err := runnerConfig(cfg, "x/job:1", jobEngineSocket)
		if err != nil {
			t.Fatal(err)
		}
		var settings struct {
			Runner struct{ Envs map[string]string }
		}
		if err := yaml.Unmarshal([]byte(text), &settings); err != nil {
			t.Fatal(err)
		}
		if got, ok := settings.Runner.Envs["TZ"]; got != want || ok != (want != "") {
			t.Errorf("timezone %q: jobs get TZ %q, want %q", zone, got, want)
		}
	}
}
