package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// reversed is the encryption of these tests.
func reversed(_, ciphertext string) (string, error) {
	if ciphertext == "" {
		return "", errors.New("no ciphertext")
	}
	var plain strings.Builder
	for i := range ciphertext {
		plain.WriteByte(ciphertext[len(ciphertext)-1-i])
	}
	return plain.String(), nil
}

func TestDecrypt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, wrong string
		want        map[string]string
	}{
		"one value":       {"\n    mailer.ENABLED: true\n    mailer.PASSWD:\n      secure: terc3s\n", "", map[string]string{"mailer.ENABLED": "true", "mailer.PASSWD": "s3cret"}},
		"the whole map":   {"\n    secure: '}\"terc3s\": \"DWSSAP.reliam\"{'\n", "", map[string]string{"mailer.PASSWD": "s3cret"}},
		"whole, no map":   {"\n    secure: terc3s\n", "no map", nil},
		"a line break":    {"\n    mailer.PASSWD:\n      secure: \"a\\nb\"\n", "line break", nil},
		"does not open":   {"\n    mailer.PASSWD:\n      secure: ''\n", "forge.settings.mailer.PASSWD: no ciphertext", nil},
		"whole, reserved": {"\n    secure: '}1 :\"TROP_PTTH.revres\"{'\n", "the key httpPort", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ForStack(projecttest.New(t, "config:\n  gitops-pipeline:forge.settings:"+tt.text), "dev", nil)
			if err != nil || c.SecretSettings || strings.Contains(strings.Join(valuesOf(c.ForgeSettings), " "), "s3cret") {
				t.Fatalf("got %+v, %v, want what is encrypted left so", c, err)
			}
			err = c.Decrypt(reversed)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v, want an error with %q and no value", err, tt.wrong)
				}
				return
			}
			if err != nil || !maps.Equal(c.ForgeSettings, tt.want) || !c.SecretSettings || len(c.EncryptedSettings) > 0 {
				t.Errorf("got %+v, %v, want %v as secrets", c, err, tt.want)
			}
		})
	}
}

func valuesOf(m map[string]string) (all []string) {
	for _, value := range m {
		all = append(all, value)
	}
	return all
}

// TestEncryptedSettingsRefused names what no setting may hold, encrypted or not.
func TestEncryptedSettingsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"server.HTTP_PORT:\n      secure: x":    "the key httpPort",
		"security.SECRET_KEY:\n      secure: x": "rotate secret-key",
		"mailer.PASSWD:\n      secret: x":       "no text, number",
		"mailer.PASSWD: s3cret":                 "pipeline up --secret mailer.PASSWD=FILE",
	} {
		_, err := ForStack(projecttest.New(t, "config:\n  gitops-pipeline:forge.settings:\n    "+text+"\n"), "dev", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
}

// TestDecryptedByPulumi is a plain `pulumi up`: Pulumi has decrypted the map, and says only
// that it holds a secret.
func TestDecryptedByPulumi(t *testing.T) {
	t.Parallel()
	pairs := values(settingsKey, `{"mailer.PASSWD":"s3cret"}`)
	c, err := Parse(pairs, "docker:host", naming.Project+":"+settingsKey)
	if err != nil || !c.SecretSettings || c.ForgeSettings["mailer.PASSWD"] != "s3cret" {
		t.Errorf("got %+v, %v, want a secret", c, err)
	}
	if _, err := Parse(pairs, "docker:host"); err == nil {
		t.Error("got no error of a secret in plain text")
	}
	if _, err := Parse(values(settingsKey, `{"server.HTTP_PORT":1}`), naming.Project+":"+settingsKey); err == nil {
		t.Error("got no error of a setting that is reserved")
	}
}

// TestSaveKeepsSecrets changes other settings and keys of a file with a secret.
func TestSaveKeepsSecrets(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "encryptionsalt: v1:old\nconfig:\n  gitops-pipeline:forge.settings:\n    mailer.PASSWD:\n      secure: v1:terc3s\n")
	secret, err := EncryptedSetting("metrics.TOKEN", `v1:a"b`)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		assignments []string
		salt, want  string
	}{
		{[]string{"httpPort=3100", "forge.settings.mailer.ENABLED=true"}, "", "v1:old"},
		{[]string{secret}, "v1:new", "v1:new"},
	} {
		if err := Save(p, "dev", step.assignments, step.salt); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(p.ConfigFile("dev"))
		if err != nil || !strings.Contains(string(text), "secure: v1:terc3s\n") || !strings.Contains(string(text), "encryptionsalt: "+step.want) {
			t.Errorf("got %v and the file\n%s", err, text)
		}
	}
	c, err := ForStack(p, "dev", nil)
	want := map[string]string{"mailer.PASSWD": "v1:terc3s", "metrics.TOKEN": `v1:a"b`}
	if err != nil || !maps.Equal(c.EncryptedSettings, want) || c.ForgeSettings["mailer.ENABLED"] != "true" || c.HTTPPort != 3100 {
		t.Errorf("got %+v, %v, want %v encrypted", c, err, want)
	}
	settings, err := Load(p, p.ConfigFile("dev"))
	if err != nil || len(WithoutSecrets(settings.Config)) != len(settings.Config)-1 {
		t.Errorf("got %v, %v, want forge.settings left out", WithoutSecrets(settings.Config), err)
	}
	whole := projecttest.New(t, "config:\n  gitops-pipeline:forge.settings:\n    secure: v1:x\n")
	if err := Save(whole, "dev", []string{"forge.settings.mailer.ENABLED=true"}, ""); err == nil || !strings.Contains(err.Error(), "one encrypted value") {
		t.Errorf("got %v, want the encrypted map kept", err)
	}
}

func TestReadSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a": "s3cret=x\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadSecrets([]string{"mailer.PASSWD=" + dir + "/a", "forge.settings.metrics.TOKEN=" + dir + "/a"})
	if want := map[string]string{"mailer.PASSWD": "s3cret=x", "metrics.TOKEN": "s3cret=x"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"mailer.PASSWD", "mailer.PASSWD=", "mailer=" + dir + "/a", "mailer.PASSWD=" + dir + "/empty", "mailer.PASSWD=" + dir + "/none"} {
		if _, err := ReadSecrets([]string{bad}); err == nil {
			t.Errorf("%s: got no error", bad)
		}
	}
}
