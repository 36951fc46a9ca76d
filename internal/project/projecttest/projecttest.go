// Package projecttest creates checkouts for tests.
package projecttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

const pulumiText = `name: gitops-pipeline
runtime: go
main: infra
plugins:
  providers:
    - name: gitea
      path: provider/cmd/pulumi-resource-gitea
`

// New creates a directory that the launcher takes for a checkout, with the given
// configuration of the stack dev.
func New(t testing.TB, config string) project.Project {
	t.Helper()
	p := project.Project{Root: t.TempDir()}
	for name, text := range map[string]string{"Pulumi.yaml": pulumiText, "Pulumi.dev.yaml": config, "go.mod": "module x\n", "go.sum": ""} {
		if err := os.WriteFile(filepath.Join(p.Root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return p
}
