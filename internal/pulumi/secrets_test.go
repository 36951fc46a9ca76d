package pulumi

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// decrypted are the settings of the forge in the stack's configuration.
func decrypted(t *testing.T, p project.Project, known map[string]string) (map[string]string, error) {
	t.Helper()
	c, err := config.ForStack(p, "dev", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = DecryptSettings(t.Context(), p, "dev", &c, known)
	return c.ForgeSettings, err
}

// TestConfigSecrets follows a secret in the configuration file: it is set, its passphrase is
// replaced with an interruption at each point, and then lost.
func TestConfigSecrets(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	p := projecttest.New(t, "config:\n  gitops-pipeline:forge.settings:\n    mailer.ENABLED: true\n")
	want := map[string]string{"mailer.ENABLED": "true", "mailer.PASSWD": "s3cret"}
	check := func(when string) {
		t.Helper()
		got, err := decrypted(t, p, nil)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", when, got, err, want)
		}
		if text := read(t, p.ConfigFile("dev")); strings.Contains(text, "s3cret") || !strings.Contains(text, "      secure: v1:") {
			t.Errorf("%s: got the file\n%s\nwant the value encrypted", when, text)
		}
	}
	if err := SaveConfig(t.Context(), p, "dev", []string{"httpPort=3100"}, map[string]string{"mailer.PASSWD": "s3cret"}); err != nil {
		t.Fatal(err)
	}
	check("set")
	before := read(t, p.ConfigFile("dev"))
	if err := SaveConfig(t.Context(), p, "dev", nil, nil); err != nil || read(t, p.ConfigFile("dev")) != before {
		t.Errorf("got %v and a changed file, without an assignment", err)
	}
	if err := generate(p, "dev"); err != nil {
		t.Fatal(err)
	}
	if text := read(t, workspaceConfigFile(p, "dev")); strings.Contains(text, "secure") || !strings.Contains(text, "3100") {
		t.Errorf("got the workspace's configuration\n%s\nwant it without the secret, which has another salt", text)
	}

	next, err := Passphrase(nextPassphrase(p))
	if err != nil {
		t.Fatal(err)
	}
	check("the next passphrase is there")
	for range 2 { // the second time it is done already
		if err := fitSecrets(t.Context(), p, "dev", next); err != nil {
			t.Fatal(err)
		}
		check("encrypted again")
	}
	if err := os.Rename(nextPassphrase(p), p.PassphraseFile()); err != nil {
		t.Fatal(err)
	}
	check("rotated")

	if err := os.Remove(p.PassphraseFile()); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"missing", "another"} {
		if when == "another" {
			if _, err := Passphrase(p.PassphraseFile()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := decrypted(t, p, nil); err == nil || !strings.Contains(err.Error(), "forge.settings.mailer.PASSWD") || !strings.Contains(problem.Next(err), "--secret") {
			t.Errorf("%s: got %v, next %q, want the setting and what to do", when, err, problem.Next(err))
		}
	}
	given := map[string]string{"mailer.PASSWD": "s3cret"}
	if got, err := decrypted(t, p, given); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want the value that is given again", got, err)
	}
	if err := SaveConfig(t.Context(), p, "dev", nil, given); err != nil {
		t.Fatal(err)
	}
	check("set again")
}

// TestConfigSecretsOfOthers are secrets that the launcher can neither read nor write.
func TestConfigSecretsOfOthers(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	p := projecttest.New(t, "secretsprovider: awskms://x\nconfig:\n  gitops-pipeline:forge.settings:\n    mailer.PASSWD:\n      secure: abc\n")
	if _, err := decrypted(t, p, nil); err == nil || !strings.Contains(problem.Next(err), "pulumi up") {
		t.Errorf("got %v, next %q, want that Pulumi decrypts it", err, problem.Next(err))
	}
	given := map[string]string{"mailer.PASSWD": "s3cret"}
	t.Setenv("PULUMI_BACKEND_URL", "s3://x")
	if err := SaveConfig(t.Context(), p, "dev", nil, given); err == nil || !strings.Contains(problem.Next(err), "pulumi config set --secret") {
		t.Errorf("got %v, next %q, want that Pulumi encrypts it", err, problem.Next(err))
	}
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
	if err := os.WriteFile(p.ConfigFile("dev"), []byte("encryptionsalt: "+salted(t, "other")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SaveConfig(t.Context(), p, "dev", nil, given); err == nil || !strings.Contains(err.Error(), "another passphrase") {
		t.Errorf("got %v, want the salt of another passphrase kept", err)
	}
}

// TestEncryptedStacks lists what a rotation of the passphrase has to encrypt again.
func TestEncryptedStacks(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "config:\n  gitops-pipeline:httpPort: 3100\n")
	writeState(t, p, "up", "")
	for stack, text := range map[string]string{"up": "encryptionsalt: v1:x\n", "never-up": "encryptionsalt: v1:x\n", "plain": "config: {}\n"} {
		if err := os.WriteFile(p.ConfigFile(stack), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := encryptedStacks(p)
	if want := []string{"never-up", "up"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestRotationCoversStacksWithoutState encrypts the secrets of a stack that was never
// created.
func TestRotationCoversStacksWithoutState(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	p := projecttest.New(t, "")
	if err := SaveConfig(t.Context(), p, "dev", nil, map[string]string{"mailer.PASSWD": "s3cret"}); err != nil {
		t.Fatal(err)
	}
	old := read(t, p.PassphraseFile())
	if err := RotatePassphrase(t.Context(), p, "other", artifacts.CLI{}, time.Second, t.Output()); err != nil {
		t.Fatal(err)
	}
	got, err := decrypted(t, p, nil)
	if err != nil || got["mailer.PASSWD"] != "s3cret" || read(t, p.PassphraseFile()) == old {
		t.Errorf("got %v, %v, want the secret, with a new passphrase", got, err)
	}
}
