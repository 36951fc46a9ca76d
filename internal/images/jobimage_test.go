package images

import (
	"os"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// TestJobImageIsDocumented holds docs/job-image.md to the pins: it names each package of
// the job image, and the versions of Go and Node.js.
func TestJobImageIsDocumented(t *testing.T) {
	t.Parallel()
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	node, err := artifacts.NodeVersion("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/job-image.md")
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"Go " + strings.TrimPrefix(p.Go, "go"), "Node.js " + node}
	for _, name := range p.Debian.Job {
		wanted = append(wanted, "`"+name+"` ")
	}
	for _, want := range wanted {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/job-image.md does not list %s", want)
		}
	}
}
