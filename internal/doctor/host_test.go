//go:build integration

package doctor

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// TestRunOnHost checks this machine, which has what the other tests need.
func TestRunOnHost(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPPort, cfg.SSHPort = 0, 0 // any that are free
	s := Settings{Project: projecttest.New(t, ""), Stack: "e-doctor", MinDisk: 1, Config: cfg}
	if results := Run(t.Context(), s); AnyFailed(results) {
		t.Errorf("got a failure in %+v", results)
	}
}
