// Package tracetest has recorded workflow runs for the tests of the trace packages.
package tracetest

import (
	"embed"
	"encoding/json"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
)

//go:embed testdata
var files embed.FS

// Recorded is a run of this project as it was recorded: the forge's answers, the
// jobs' logs and the runner's. "running" was taken while its last step ran.
func Recorded(t *testing.T, name string) model.Records {
	t.Helper()
	dir := path.Join("testdata", name)
	r := model.Records{Logs: map[int64]string{}, Now: time.Date(2026, 11, 25, 0, 35, 34, 807573977, time.UTC)}
	for file, v := range map[string]any{"run.json": &r.Run, "jobs.json": &r.Jobs} {
		if err := json.Unmarshal(read(t, path.Join(dir, file)), v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, job := range r.Jobs {
		r.Logs[job.ID] = string(read(t, path.Join(dir, "job-"+strconv.FormatInt(job.ID, 10)+".log")))
	}
	r.Runners = []string{string(read(t, path.Join(dir, "runner.log")))}
	r.Workflow = read(t, path.Join("testdata", "ci.yaml"))
	return r
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Failed turns the green run into one whose third step failed: the rest did not
// begin, and the job that needs it was skipped.
func Failed(t *testing.T) model.Records {
	t.Helper()
	r := Recorded(t, "green")
	test := r.Jobs[0]
	r.Run.Conclusion, test.Conclusion = "failure", "failure"
	test.Steps[2].Conclusion, test.Steps[3].Conclusion = "failure", "skipped"
	test.Steps[3].StartedAt, test.Steps[3].CompletedAt = time.Unix(0, 0), time.Unix(0, 0)
	var kept []string
	inVet := false
	for line := range strings.Lines(r.Logs[test.ID]) {
		if strings.Contains(line, "::group::Run go vet") {
			stamp, _, _ := strings.Cut(line, " ")
			kept = append(kept, stamp+" ##[error]Process completed with exit code 1.\n")
			inVet = true
		}
		if inVet = inVet && !strings.Contains(line, "Run Post"); !inVet {
			kept = append(kept, strings.Replace(line, "Job succeeded", "Job failed", 1))
		}
	}
	r.Logs[test.ID] = strings.Join(kept, "")
	build := r.Jobs[1]
	*build = gitea.ActionWorkflowJob{
		ID: build.ID, Name: build.Name, Status: "completed", Conclusion: "skipped", RunAttempt: 1, CreatedAt: build.CreatedAt,
	}
	delete(r.Logs, build.ID)
	return r
}
