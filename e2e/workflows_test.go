//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// workflow is a repository below testdata/workflows, as people bring it. Pushed to a
// default stack, its run must end like this. In its files localhost:3000 stands for the
// stack's registry, gitops for its owner, and JOB_IMAGE for the job image.
type workflow struct {
	name       string   // of its directory
	conclusion string   // default: success
	logs       []string // what the logs of its jobs must hold
	not        []string // and must not
}

// workflows has a row for each kind of workflow; a kind of its own gets a row of its own.
var workflows = []workflow{
	{name: "label-ubuntu"},
	{name: "label-list"},
	{name: "service-name"},
	{name: "service-port"},
	{name: "service-health"},
	{name: "service-unhealthy", conclusion: "failure", logs: []string{"is unhealthy", "no database", "in the workflow"}, not: []string{"the step ran"}},
	{name: "container-job", logs: []string{"from the job"}},
	{name: "docker-run-volume"},
	{name: "docker-run-port"},
	{name: "docker-action", logs: []string{"from the job"}},
	{name: "job-image"},
	{name: "race"},
	{name: "coverprofile"},
	{name: "compose"},
	{name: "hashfiles"},
	{name: "checkout-v5"},
	{name: "crlf-gomod"},
	{name: "docker-run-forge"},
	{name: "docker-build-forge"},
	{name: "push-back"},
	{name: "checkout-lfs"},
	{name: "cache", logs: []string{"the key k was found: it is not kept again", "nothing is kept under the key missing"}},
	{name: "setup-go-cache", logs: []string{"nothing is kept for these dependencies yet", "kept Go's modules and", "restored Go's modules and"}},
	{name: "upload-artifact", logs: []string{"has an artifact x already", "this run has no artifact missing", "gets artifacts of its own run alone"}},
	{name: "docker-actions", logs: []string{"cache-to with mode=max keeps the layers of the image", "'provenance' has no effect here", "Removing login credentials"}},
	{name: "local-js-action", logs: []string{"hello-from-js"}},
}

// TestOneStack has the tests that have the shared stack beside the tests with their own. It
// takes longest, so it stands in the last file: the test that is declared last starts first.
func TestOneStack(t *testing.T) {
	t.Parallel()
	t.Run("Workflows", testWorkflows)
	t.Run("Browser", testBrowser)
	t.Run("BackupKilled", testBackupKilled)
	t.Run("Faults", testFaults)
	t.Run("Ready", testReady)
}

// testWorkflows pushes each workflow to a repository of its own on one stack, and looks how
// its run ends.
func testWorkflows(t *testing.T) {
	p := sharedStack(t)
	images, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	words := strings.NewReplacer("localhost:3000", p.address(), "JOB_IMAGE", images.Job)
	if got := p.awaitRun(p.commitAndPush("Publish the image that some workflows run")); got != "success" {
		t.Fatalf("got a run of the demo that ended in %s, want success", got)
	}
	owner := p.owner()
	pushed := map[string]*checkout{}
	commits := map[string]string{}
	for _, w := range workflows {
		pushed[w.name] = owner.newRepository(w.name)
		commits[w.name] = pushed[w.name].commit(fixture(t, filepath.Join("testdata", "workflows", w.name), words))
	}
	for _, w := range workflows {
		t.Run(w.name, func(t *testing.T) {
			r := *pushed[w.name]
			r.p = &project{}
			*r.p = *p
			r.p.t = t
			conclusion, logs := r.concluded(commits[w.name])
			want := w.conclusion
			if want == "" {
				want = "success"
			}
			if conclusion != want {
				t.Errorf("got a run that ended in %s, want %s; its logs:\n%s", conclusion, want, logs)
			}
			for _, text := range w.logs {
				if !strings.Contains(logs, text) {
					t.Errorf("got logs without %q:\n%s", text, logs)
				}
			}
			for _, text := range w.not {
				if strings.Contains(logs, text) {
					t.Errorf("got logs with %q:\n%s", text, logs)
				}
			}
		})
	}
	// Each of these runs was told of to the runner that waited for it.
	if log := docker(t, "logs", p.container("runner-0-container")); strings.Contains(log, "told nobody") {
		t.Errorf("a runner learned of a task by asking:\n%s", log)
	}
	t.Run("demo in another repository", func(t *testing.T) { checkCopy(t, p) })
	checkLabels(t, p)
}

// checkCopy pushes the demo's workflow and service to a repository of another name: its image
// is published under that name, with the owner's secrets.
func checkCopy(t *testing.T, p *project) {
	files := map[string]string{}
	for _, pattern := range []string{"../.gitea/workflows/ci.yaml", "../service/*", "../service/.dockerignore"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimPrefix(file, "../")] = string(text)
		}
	}
	q := *p
	q.t = t
	r := q.owner().newRepository("Shop")
	if conclusion, logs := r.concluded(r.commit(files)); conclusion != "success" {
		t.Fatalf("got a run that ended in %s, want success; its logs:\n%s", conclusion, logs)
	}
	var versions []struct{ Version string }
	r.api(http.MethodGet, "/packages/"+r.user+"/container/shop", nil, &versions)
	if len(versions) != 2 {
		t.Errorf("got the versions %+v of the image, want the commit's and latest", versions)
	}
}

// fixture reads the files of a directory, with words replaced in them.
func fixture(t *testing.T, dir string, words *strings.Replacer) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = words.Replace(string(text))
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("reading %s: %d files, %v", dir, len(files), err)
	}
	return files
}

// concluded waits for the end of a commit's run, and returns its conclusion and the logs of
// its jobs.
func (r *checkout) concluded(commit string) (conclusion, logs string) {
	r.p.t.Helper()
	base := fmt.Sprintf("/repos/%s/%s/actions", r.user, r.name)
	for deadline := time.Now().Add(patience); conclusion == ""; time.Sleep(200 * time.Millisecond) {
		var list struct {
			WorkflowRuns []struct {
				HeadSHA            string `json:"head_sha"`
				Status, Conclusion string
			} `json:"workflow_runs"`
		}
		r.api(http.MethodGet, base+"/runs", nil, &list)
		for _, run := range list.WorkflowRuns {
			if run.HeadSHA == commit && run.Status == "completed" {
				conclusion = run.Conclusion
			}
		}
		if time.Now().After(deadline) {
			r.p.t.Fatalf("the run of %s/%s did not end in %s: %+v", r.user, r.name, patience, list.WorkflowRuns)
		}
	}
	var list struct {
		Jobs []struct {
			ID      int
			HeadSHA string `json:"head_sha"`
		}
	}
	r.api(http.MethodGet, base+"/jobs", nil, &list)
	for _, job := range list.Jobs {
		if job.HeadSHA == commit {
			var log string
			r.api(http.MethodGet, fmt.Sprintf("%s/jobs/%d/logs", base, job.ID), nil, &log)
			logs += log
		}
	}
	return conclusion, logs
}

// checkLabels pushes a job whose label no runner has: each command that could tell the reason
// does. Then the runners get the label, and the same job runs.
func checkLabels(t *testing.T, p *project) {
	t.Run("label that no runner has", func(t *testing.T) {
		before := p.t
		p.t = t
		defer func() { p.t = before }()
		text := "on: push\njobs:\n  train:\n    runs-on: [self-hosted, gpu]\n    steps:\n      - run: echo it ran\n"
		if err := os.WriteFile(filepath.Join(p.dir, ".gitea", "workflows", "gpu.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		git(t, p.dir, "add", ".gitea")
		git(t, p.dir, "commit", "--quiet", "--message=Ask for a label")
		git(t, p.dir, "push", "--quiet", p.owner().clone("gitops-pipeline"), "HEAD:train") // main has workflows of its own
		commit := strings.TrimSpace(git(t, p.dir, "rev-parse", "HEAD"))
		git(t, p.dir, "reset", "--quiet", "--hard", "HEAD~1")
		const why = "no enabled runner has the label gpu"
		p.run(t.Context(), "status").must(t, 0, "Jobs that no runner takes", "train", why)
		p.run(t.Context(), "doctor").must(t, 0, `job "train" waits: `+why, "runner.labels")
		p.run(t.Context(), "trace").must(t, 0, "no runner will take job train: "+why, "ubuntu-latest")

		p.run(t.Context(), "up", "-c", "runner.labels.gpu=Bad Image").must(t, 2, "runner.labels", "no name of an image")
		p.run(t.Context(), "status").must(t, 0, why) // nothing was changed
		p.up("-c", "runner.labels.gpu=job").must(t, 0, "is up")
		if got := p.awaitRun(commit); got != "success" {
			t.Errorf("got a run that ended in %s once the runners had the label, want success", got)
		}
	})
}
