package lifecycle

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// TestSomeoneElsesRunIsNotFollowed has a workflow run in progress that no update
// seeded: an update without a change must not wait for it, nor fail with it.
func TestSomeoneElsesRunIsNotFollowed(t *testing.T) {
	t.Parallel()
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"total_count": 1, "workflow_runs": [{"id": 9, "run_number": 2, "status": "in_progress"}]}`))
	}))
	defer forge.Close()
	var out bytes.Buffer
	s := &State{Environment: Environment{Out: ui.NewPrinter(&out)}, Config: config.Config{Seed: true, Owner: "gitops", Repository: "shop"}}
	s.Update = ui.NewDisplay(s.Out)
	run, err := firstRun(t.Context(), s, gitea.New(forge.URL, "admin", "secret", "gitops", "shop"))
	if run != nil || err != nil {
		t.Errorf("got run %+v and %v, want no run to follow", run, err)
	}
}

func TestSeededCommit(t *testing.T) {
	t.Parallel()
	seed := func(owner, repository string, pushed bool) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{Type: seedType, New: &apitype.StepEventStateMetadata{
			Inputs:  map[string]any{"owner": owner, "repository": repository},
			Outputs: map[string]any{"pushed": pushed, "commit": "c0ffee"},
		}}
	}
	for name, test := range map[string]struct {
		seed    bool
		created []apitype.StepEventMetadata
		want    bool
	}{
		"this repository":         {true, []apitype.StepEventMetadata{seed("actions", "checkout", true), seed("GitOps", "shop", true)}, true},
		"an action's repository":  {true, []apitype.StepEventMetadata{seed("actions", "checkout", true)}, false},
		"had its content already": {true, []apitype.StepEventMetadata{seed("gitops", "shop", false)}, false},
		"seeding is off":          {false, []apitype.StepEventMetadata{seed("gitops", "shop", true)}, false},
		"nothing created":         {true, nil, false},
	} {
		commit, seeded := seededCommit(config.Config{Seed: test.seed, Owner: "gitops", Repository: "shop"}, test.created)
		if seeded != test.want || seeded != (commit == "c0ffee") {
			t.Errorf("%s: got commit %q, seeded %t, want seeded %t", name, commit, seeded, test.want)
		}
	}
}
