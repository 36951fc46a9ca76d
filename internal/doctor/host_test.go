//go:build integration

package doctor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// TestRunOnHost checks this machine, which has what the other tests need.
func TestRunOnHost(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "Pulumi.yaml"), []byte("name: gitops-pipeline\nruntime: go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Settings{
		Project: project.Project{Root: root}, Stack: "e-doctor", MinDisk: 1,
		Config: config.Config{Host: "localhost", BindAddress: "127.0.0.1"},
	}
	if results := Run(t.Context(), s); AnyFailed(results) {
		t.Errorf("got a failure in %+v", results)
	}
}
