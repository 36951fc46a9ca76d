package artifacts

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGiteaPluginPackages holds the list against what Go says: a package that is
// missing there would change, and the provider would not.
func TestGiteaPluginPackages(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.Dir}} {{.EmbedFiles}}{{end}}{{end}}", "./provider/cmd/pulumi-resource-gitea")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		dir, embedded, _ := strings.Cut(line, " ")
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, rel)
		if embedded != "[]" {
			t.Errorf("%s embeds %s, which the provider's hash does not cover", rel, embedded)
		}
	}
	if got := giteaPluginPackages; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
