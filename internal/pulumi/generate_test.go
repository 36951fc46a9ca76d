package pulumi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	config := "# a comment\nconfig:\n  gitops-pipeline:httpPort: \"3100\"\n"
	p := projecttest.New(t, config)
	before := read(t, filepath.Join(p.Root, "Pulumi.yaml"))
	if err := generate(p, "dev"); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(p.StackDir("dev"), "Pulumi.dev.yaml")
	salted := "encryptionsalt: v1:abc\n" + read(t, copied)
	if err := os.WriteFile(copied, []byte(salted), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(config, "3100", "3101", 1)
	if err := os.WriteFile(p.ConfigFile("dev"), []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := generate(p, "dev"); err != nil {
		t.Fatal(err)
	}
	got := read(t, copied)
	if !strings.Contains(got, "encryptionsalt: v1:abc") || !strings.Contains(got, `"3101"`) || strings.Contains(got, "3100") {
		t.Errorf("got %q, want the salt kept and the new value", got)
	}
	if got := read(t, p.ConfigFile("dev")); got != changed {
		t.Errorf("the user's file was changed to %q", got)
	}
	if got := read(t, filepath.Join(p.Root, "Pulumi.yaml")); got != before {
		t.Errorf("the project's file was changed to %q", got)
	}
	generated := read(t, filepath.Join(p.StackDir("dev"), "Pulumi.yaml"))
	plugin, err := artifacts.GiteaPluginDir(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(generated, plugin) || strings.HasPrefix(plugin, p.Root) || strings.Contains(generated, "main:") {
		t.Errorf("got project %q, want the absolute path of the plugin in the cache, and no main", generated)
	}
}
