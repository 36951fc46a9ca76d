package naming

import (
	"testing"

	"github.com/distribution/reference"
)

func TestServiceImageIsAValidName(t *testing.T) {
	t.Parallel()
	for stack, want := range map[string]string{
		"dev":       "gitops-pipeline-dev/service:0123",
		"Dev":       "gitops-pipeline-dev/service:0123",
		"a..b":      "gitops-pipeline-a-b/service:0123",
		"_my.stack": "gitops-pipeline-my-stack/service:0123",
		"_":         "gitops-pipeline/service:0123",
		"dev-":      "gitops-pipeline-dev/service:0123",
	} {
		got := ServiceImage(stack, "0123")
		if got != want {
			t.Errorf("stack %q: got %s, want %s", stack, got, want)
		}
		if _, err := reference.ParseNormalizedNamed(got); err != nil {
			t.Errorf("stack %q: %s: %v", stack, got, err)
		}
	}
}
