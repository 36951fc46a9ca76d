package status

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
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

// TestWaitingIsPrinted holds that a job which no runner takes is printed with the reason, and
// that without one there is no such table.
func TestWaitingIsPrinted(t *testing.T) {
	t.Parallel()
	s := Status{Stack: "dev", State: "up"}
	if got := printed(s); strings.Contains(got, waitingTitle) {
		t.Errorf("got %s, want no table of no jobs", got)
	}
	s.Waiting = []Waiting{{Job: "train", Labels: []string{"linux", "gpu"}, Reason: "no enabled runner has the label gpu", URL: "http://localhost:3000/x"}}
	for _, want := range []string{waitingTitle, "train", "linux, gpu", "no enabled runner has the label gpu", "http://localhost:3000/x"} {
		if got := printed(s); !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
}

func printed(s Status) string {
	var out bytes.Buffer
	s.Print(ui.NewPrinter(&out))
	return out.String()
}
