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

func TestDiskIsJudged(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		free    int64
		unbuilt bool
		want    State
	}{
		"little":                       {4 << 30, false, Failed},
		"enough":                       {6 << 30, false, OK},
		"enough, and nothing is built": {6 << 30, true, Warning},
		"plenty":                       {20 << 30, true, OK},
	} {
		if got := judge("disk", "/", tt.free, 5<<30, tt.unbuilt); got.State != tt.want || (got.Next == "") != (tt.want == OK) {
			t.Errorf("%s: got %+v, want %s", name, got, tt.want)
		}
	}
}
