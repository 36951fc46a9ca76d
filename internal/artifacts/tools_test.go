package artifacts

import (
	"os"
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

// TestStalePluginIsRemoved holds that nothing this project built is left beside
// the provider's source, where Pulumi would prefer it; what others built stays.
func TestStalePluginIsRemoved(t *testing.T) {
	for name, tt := range map[string]struct {
		module string
		flags  []string
		stays  bool
	}{
		"of the launcher":      {module: "x/provider/cmd/pulumi-resource-gitea", flags: []string{"-trimpath"}},
		"of a user's go build": {module: "x/provider/cmd/pulumi-resource-gitea", flags: []string{"-trimpath=false"}, stays: true}, // whatever GOFLAGS says
		"another program":      {module: "x/other", flags: []string{"-trimpath"}, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"go.mod": "module " + tt.module + "\n", "main.go": "package main\n\nfunc main() {}\n"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			program := filepath.Join(dir, "pulumi-resource-gitea")
			build := exec.Command("go", append(append([]string{"build"}, tt.flags...), "-o", program, ".")...)
			build.Dir = dir
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("building: %v\n%s", err, out)
			}
			if err := removeStalePlugin(program); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(program); (err == nil) != tt.stays {
				t.Errorf("got %v, want it to stay: %t", err, tt.stays)
			}
		})
	}
	if err := removeStalePlugin(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("without a program: %v", err)
	}
}
