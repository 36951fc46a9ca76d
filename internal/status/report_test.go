package status

import (
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
)

// TestFull: status has no flag --min-disk, so it must not advise it.
func TestFull(t *testing.T) {
	t.Parallel()
	got := full([]doctor.Result{
		{Name: "disk (project)", State: doctor.OK},
		{Name: "disk (Docker host)", State: doctor.Failed, Next: "lower the limit with --min-disk"},
	})
	if len(got) != 1 || got[0].Name != "disk (Docker host)" || strings.Contains(got[0].Next, "--") || got[0].Next == "" {
		t.Errorf("got %+v, want the full disk alone, with advice that names no flag", got)
	}
}
