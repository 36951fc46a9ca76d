package config

import (
	"maps"
	"os"
	"strings"
	"testing"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		``:   nil,
		`{}`: {},
		`{"mailer.ENABLED": true, "mailer.SMTP_PORT": 465, "mailer.SMTP_ADDR": "mail.example.org", "mailer.FROM": ""}`: {
			"mailer.ENABLED": "true", "mailer.SMTP_PORT": "465", "mailer.SMTP_ADDR": "mail.example.org", "mailer.FROM": "",
		},
		`{"APP_NAME": "Ours: %(x)s"}`:                                            {"APP_NAME": "Ours: %(x)s"},
		`{"ui.FEED_MAX_COMMIT_NUM": 12345678901234567890, "picture.X": 1.50}`:    {"ui.FEED_MAX_COMMIT_NUM": "12345678901234567890", "picture.X": "1.50"},
		`{"repository.pull-request.WORK_IN_PROGRESS_PREFIXES": "WIP:"}`:          {"repository.pull-request.WORK_IN_PROGRESS_PREFIXES": "WIP:"},
		`{"webhook.ALLOWED_HOST_LIST": "external"}`:                              {"webhook.ALLOWED_HOST_LIST": "external"},
		`{"security.DISABLE_QUERY_AUTH_TOKEN": true}`:                            {"security.DISABLE_QUERY_AUTH_TOKEN": "true"},
		`{"security.MIN_PASSWORD_LENGTH": 12, "security.PASSWORD_CHECK_PWN": 1}`: {"security.MIN_PASSWORD_LENGTH": "12", "security.PASSWORD_CHECK_PWN": "1"},
		`{"oauth2.ACCESS_TOKEN_EXPIRATION_TIME": 3600}`:                          {"oauth2.ACCESS_TOKEN_EXPIRATION_TIME": "3600"},
		`{"cache.HOST": "redis://10.0.0.1:6379/0", "queue.push_update.LENGTH": 5}`: {
			"cache.HOST": "redis://10.0.0.1:6379/0", "queue.push_update.LENGTH": "5",
		},
	} {
		got, err := Parse(values(settingsKey, text))
		if err != nil || !maps.Equal(got.ForgeSettings, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got.ForgeSettings, err, want)
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`mailer.ENABLED=true`:                                               "no map",
		`["mailer.ENABLED"]`:                                                "no map",
		`null`:                                                              "no map",
		`{"mailer.ENABLED": true} {}`:                                       "no map",
		`{"mailer": {"ENABLED": true}}`:                                     "section.KEY",
		`{"Mailer.ENABLED": true}`:                                          "lower case",
		`{"mailer.enabled": true}`:                                          "upper case",
		`{"mailer.ENABLED ": true}`:                                         "section.KEY",
		`{"": true}`:                                                        "section.KEY",
		`{".ENABLED": true}`:                                                "section.KEY",
		`{"mailer.": true}`:                                                 "section.KEY",
		`{"a__b.C": true}`:                                                  "section.KEY", // environment-to-ini would read section a
		`{"a.B__FILE": "/etc/passwd"}`:                                      "section.KEY", // and here a file
		`{"a.B_0X2E_C": true}`:                                              "section.KEY",
		`{"mailer.ENABLED": null}`:                                          "no text, number",
		`{"mailer.ENABLED": {"x": 1}}`:                                      "no text, number",
		`{"mailer.ENABLED": [1]}`:                                           "no text, number",
		`{"mailer.FROM": "a\nPASSWD = x"}`:                                  "line break",
		`{"database.DB_TYPE": "mysql"}`:                                     "SQLite",
		`{"server.HTTP_PORT": 80}`:                                          "the key httpPort",
		`{"server.ROOT_URL": "x"}`:                                          "the keys host and httpPort",
		`{"server.SSH_DOMAIN": "x"}`:                                        "the key host",
		`{"server.LANDING_PAGE": "x"}`:                                      "httpPort, sshPort",
		`{"security.SECRET_KEY": "s3cret"}`:                                 "rotate secret-key",
		`{"security.INTERNAL_TOKEN_URI": "x"}`:                              "rotate internal-token",
		`{"time.DEFAULT_UI_LOCATION": "UTC"}`:                               "the key timezone",
		`{"cron.stop_zombie_tasks.ENABLED":0}`:                              "pipeline itself sets",
		`{"mailer.PASSWD": "s3cret"}`:                                       "looks like a secret",
		`{"metrics.TOKEN": "s3cret"}`:                                       "looks like a secret",
		`{"email.incoming.PASSWORD":"s3cret"}`:                              "looks like a secret",
		`{"storage.MINIO_SECRET_ACCESS_KEY": "s3cret"}`:                     "looks like a secret",
		`{"service.RECAPTCHA_SECRET": "s3cret"}`:                            "looks like a secret",
		`{"cache.HOST": "redis://:s3cret@10.0.0.1/0"}`:                      "looks like a secret",
		`{"session.PROVIDER_CONFIG": "addr=10.0.0.1:6379,password=s3cret"}`: "looks like a secret",
	} {
		_, err := Parse(values(settingsKey, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
		if err != nil && (!strings.Contains(err.Error(), settingsKey) || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: got %v, want an error that names %s and shows no value", text, err, settingsKey)
		}
	}
	_, err := Parse(values(settingsKey, `{"server.HTTP_PORT": 1, "database.HOST": "x", "a": 1}`))
	if err == nil || strings.Count(err.Error(), settingsKey) != 3 {
		t.Errorf("got %v, want three problems at once", err)
	}
}

// TestSettingsInTheWrongPlace is what `pulumi config set forge.settings.mailer.ENABLED`
// writes, and the same with --path.
func TestSettingsInTheWrongPlace(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"forge", "forge.settings.mailer.ENABLED"} {
		_, err := Parse(values(key, "x"))
		if err == nil || !strings.Contains(err.Error(), `--path '["forge.settings"]["section.KEY"]'`) {
			t.Errorf("%s: got %v, want the command that sets it", key, err)
		}
	}
	// And what the advised command writes is taken.
	m := pulumiconfig.Map{}
	if err := m.Set(pulumiconfig.MustMakeKey("gitops-pipeline", `["forge.settings"]["mailer.ENABLED"]`), pulumiconfig.NewValue("true"), true); err != nil {
		t.Fatal(err)
	}
	flat, err := m.Decrypt(pulumiconfig.NewPanicCrypter())
	if err != nil {
		t.Fatal(err)
	}
	plain := map[string]string{}
	for key, value := range flat {
		plain[key.String()] = value
	}
	got, err := Parse(plain)
	if err != nil || got.ForgeSettings["mailer.ENABLED"] != "true" {
		t.Errorf("got %v, %v from %v, want the setting", got.ForgeSettings, err, plain)
	}
}

func TestSettingsOfAFile(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "config:\n  gitops-pipeline:forge.settings:\n    mailer.ENABLED: true\n    mailer.SMTP_PORT: 465\n    ui.GRAPH_MAX_COMMIT_NUM: \"100\"\n")
	want := map[string]string{"mailer.ENABLED": "true", "mailer.SMTP_PORT": "465", "ui.GRAPH_MAX_COMMIT_NUM": "100"}
	assignments := []string{"forge.settings.ui.GRAPH_MAX_COMMIT_NUM=50", "forge.settings.APP_NAME=Ours & yours", "httpPort=3100"}
	for range 2 { // the second time the file has it all
		got, err := ForStack(p, "dev", nil)
		if err != nil || !maps.Equal(got.ForgeSettings, want) {
			t.Fatalf("got %v, %v, want %v", got.ForgeSettings, err, want)
		}
		want["ui.GRAPH_MAX_COMMIT_NUM"], want["APP_NAME"] = "50", "Ours & yours"
		if got, err = ForStack(p, "dev", assignments); err != nil || !maps.Equal(got.ForgeSettings, want) || got.HTTPPort != 3100 {
			t.Fatalf("with -c: got %v, %v, want %v", got.ForgeSettings, err, want)
		}
		if err := Save(p, "dev", assignments, ""); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(p.ConfigFile("dev"))
	if err != nil || !strings.Contains(string(text), "mailer.SMTP_PORT: 465\n") || !strings.Contains(string(text), "APP_NAME: Ours & yours\n") {
		t.Errorf("got the file\n%s%v, want a map that a person can edit", text, err)
	}
	if err := Save(p, "dev", []string{`forge.settings={"mailer.ENABLED":"false"}`}, ""); err != nil {
		t.Fatal(err)
	}
	got, err := ForStack(p, "dev", nil)
	if err != nil || !maps.Equal(got.ForgeSettings, map[string]string{"mailer.ENABLED": "false"}) {
		t.Errorf("got %v, %v, want the whole map replaced", got.ForgeSettings, err)
	}
}

func TestSettingsByAssignmentRefused(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "")
	for assignment, want := range map[string]string{
		"forge.settings.mailer.PASSWD=s3cret":  "looks like a secret",
		"forge.settings.server.HTTP_PORT=3100": "the key httpPort",
		"forge.settings.mailer=true":           "section.KEY",
		"forge.settings.=true":                 "section.KEY",
		"forge.settings=mailer.ENABLED":        "no map",
	} {
		if _, err := ForStack(p, "dev", []string{assignment}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", assignment, err, want)
		}
	}
	broken := projecttest.New(t, "config:\n  gitops-pipeline:forge.settings: mailer\n")
	if err := Save(broken, "dev", []string{"forge.settings.mailer.ENABLED=true"}, ""); err == nil || !strings.Contains(err.Error(), "no map") {
		t.Errorf("got %v, want the text that is no map kept", err)
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{
		"Europe/Berlin": true, "UTC": true, "America/Argentina/Buenos_Aires": true,
		"Europe/Berlín": false, "CEST": false, "+02:00": false, "Local": false, "../etc/passwd": false, "Europe/": false,
	} {
		got, err := Parse(values("timezone", name))
		if taken && (err != nil || got.Timezone != name) {
			t.Errorf("%s: got %q, %v, want it taken", name, got.Timezone, err)
		}
		if !taken && (err == nil || !strings.Contains(err.Error(), "timezone") || !strings.Contains(err.Error(), "Europe/Berlin or UTC")) {
			t.Errorf("%s: got %v, want it refused with an example", name, err)
		}
	}
}
