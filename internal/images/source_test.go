//go:build integration

package images

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// TestResolveSource builds every source image for real; it is quick when the
// engine has them already.
func TestResolveSource(t *testing.T) {
	got, err := Resolve(t.Context(), "../..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range map[string]string{
		"Gitea": got.Gitea, "Runner": got.Runner, "JobEngine": got.JobEngine, "Job": got.Job,
	} {
		if ref == "" {
			t.Errorf("%s has no reference", name)
		}
	}
	if got.Mode != config.ImagesFromSource {
		t.Errorf("got mode %q, want %q", got.Mode, config.ImagesFromSource)
	}
}
