//go:build integration

package doctor

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// TestRunOnHost checks this machine, which has what the other tests need.
func TestRunOnHost(t *testing.T) {
	t.Parallel()
	s := Settings{Project: project.Project{Root: t.TempDir()}, Stack: "e-doctor", BindAddress: "127.0.0.1", MinDisk: 1}
	if results := Run(t.Context(), s); AnyFailed(results) {
		t.Errorf("got a failure in %+v", results)
	}
}
