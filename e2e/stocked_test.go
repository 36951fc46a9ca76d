//go:build e2e

package e2e

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// TestRunnerImages has an image in the job engines that no registry has: jobs use it as a service, by
// docker run, and with its settings, in each fresh engine.
func TestRunnerImages(t *testing.T) {
	onlyLong(t)
	t.Parallel()
	var engine string
	t.Cleanup(func() { // after the stack, which uses it
		if engine != "" {
			docker(t, "image", "rm", engine)
		}
	})
	p := newProject(t, nil)
	p.run(t.Context(), append(p.upArgs(), "-c", "runner.images=nowhere.invalid/it:1")...).must(t, 1, "nowhere.invalid/it:1", "runner.images")
	if left := p.labelled(); left.count() > 0 {
		t.Errorf("got %+v made with an image that cannot be had, want nothing", left)
	}
	const name = "e2e-stocked:1"
	resolved, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	docker(t, "build", "--quiet", "--tag", name, "--build-arg", "GO_IMAGE="+resolved.Job, "../service")
	t.Cleanup(func() { docker(t, "image", "rm", "--force", name) })
	up := append(p.upArgs(), "-c", "runner.images="+name)
	p.run(t.Context(), up...).must(t, 0, "is up")
	engine = docker(t, "inspect", "--format", "{{.Config.Image}}", p.container("runner-0-engine"))
	p.run(t.Context(), up...).must(t, 0, "nothing to change")
	p.run(t.Context(), "doctor").must(t, 0, "of the current image")

	repo := p.owner().newRepository("stocked")
	log, conclusion := repo.ended(repo.commit(map[string]string{".gitea/workflows/stocked.yaml": `on: push
jobs:
  stocked:
    runs-on: ubuntu-latest
    services:
      web:
        image: ` + name + `
    steps:
      - run: for i in $(seq 50); do curl --silent --fail http://web:8080/health && exit; sleep 0.2; done; exit 1
      - run: |
          docker run --detach --publish 18080:8080 ` + name + `
          for i in $(seq 50); do curl --silent --fail http://localhost:18080/ready && exit; sleep 0.2; done; exit 1
`}))
	if conclusion != "success" {
		t.Errorf("got a job that ended in %s:\n%s", conclusion, log)
	}
}
