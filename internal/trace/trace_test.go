package trace

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	time.Local = time.UTC // what is printed for people
	os.Exit(m.Run())
}

// recorded is a run of this project as it was recorded: the forge's answers, the
// jobs' logs and the runner's. "running" was taken while its last step ran.
func recorded(t *testing.T, name string) Records {
	t.Helper()
	dir := filepath.Join("testdata", name)
	r := Records{Logs: map[int64]string{}, Now: time.Date(2026, 11, 25, 0, 35, 34, 807573977, time.UTC)}
	for file, v := range map[string]any{"run.json": &r.Run, "jobs.json": &r.Jobs} {
		if err := json.Unmarshal(read(t, filepath.Join(dir, file)), v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, job := range r.Jobs {
		r.Logs[job.ID] = string(read(t, filepath.Join(dir, "job-"+strconv.FormatInt(job.ID, 10)+".log")))
	}
	r.Runners = []string{string(read(t, filepath.Join(dir, "runner.log")))}
	r.Workflow = read(t, filepath.Join("testdata", "ci.yaml"))
	return r
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// failed makes of the green run one whose third step failed: the rest did not
// begin, and the job that needs it was skipped.
func failed(t *testing.T) Records {
	t.Helper()
	r := recorded(t, "green")
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

// TestSum holds every timeline to its one rule: a job's segments follow one
// another from its beginning to its end, and parts lie in their step.
func TestSum(t *testing.T) {
	t.Parallel()
	without := func(r Records, logs, runners bool) Records {
		if logs {
			r.Logs = nil
		}
		if runners {
			r.Runners = nil
		}
		return r
	}
	again := recorded(t, "green")
	again.Jobs[0].RunAttempt = 2
	waiting := recorded(t, "running")
	waiting.Jobs[1] = &gitea.ActionWorkflowJob{ID: 4, Name: "build-and-push", Status: "queued", RunAttempt: 1, CreatedAt: waiting.Jobs[0].CreatedAt}
	cutOff := recorded(t, "green")
	cutOff.Logs[6] = cutOff.Logs[6][:len(cutOff.Logs[6])/2]
	for name, r := range map[string]Records{
		"green": recorded(t, "green"), "running": recorded(t, "running"), "failed": failed(t), "again": again,
		"waiting": waiting, "cut off": cutOff,
		"without logs": without(recorded(t, "green"), true, false), "running without logs": without(recorded(t, "running"), true, false),
		"without runners": without(recorded(t, "green"), false, true), "with nothing": without(recorded(t, "green"), true, true),
	} {
		timeline := Assemble(r)
		for _, j := range timeline.Jobs {
			at := j.Start
			sum := 0.0
			for _, s := range j.Segments {
				if !s.Start.Equal(at) || s.End.Before(s.Start) {
					t.Errorf("%s: job %s: %s is from %s to %s, want it to begin at %s", name, j.Name, s.Name, s.Start, s.End, at)
				}
				at = s.End
				sum += s.Seconds
				for _, part := range s.Parts {
					if part.Start.Before(s.Start) || part.End.After(s.End) {
						t.Errorf("%s: job %s: part %s leaves its step %s", name, j.Name, part.Name, s.Name)
					}
				}
			}
			if !at.Equal(j.End) || sum-j.End.Sub(j.Start).Seconds() > 1e-6 {
				t.Errorf("%s: job %s: got segments until %s of %fs, want %s and %s", name, j.Name, at, sum, j.End, j.End.Sub(j.Start))
			}
		}
		s := timeline.Shares
		if got, want := s.Waiting+s.Runner+s.Steps, timeline.Took().Seconds(); got-want > 1e-6 || want-got > 1e-6 {
			t.Errorf("%s: got shares of %fs, want %fs", name, got, want)
		}
	}
}

func TestGreen(t *testing.T) {
	t.Parallel()
	timeline := Assemble(recorded(t, "green"))
	if len(timeline.Notes) > 0 || len(timeline.Jobs) != 2 {
		t.Fatalf("got %d jobs and the notes %q, want 2 jobs and no note", len(timeline.Jobs), timeline.Notes)
	}
	build := timeline.Jobs[1]
	for name, want := range map[string]string{
		"wait for test":           "needs ~20.3s",
		"wait for fresh engine":   "queue 0.86s",
		"container start":         "setup 0.42s",
		"Run actions/checkout@v4": "step 0.97s",
		"Build the image":         "step 4.83s",
		"Push the image":          "step 1.67s",
		"report":                  "finish 0.31s",
	} {
		at := slices.IndexFunc(build.Segments, func(s Segment) bool { return s.Name == name })
		if at < 0 {
			t.Errorf("got no %q, want one", name)
			continue
		}
		s := build.Segments[at]
		if got := string(s.Kind) + " " + seconds(s.Took(), s.About); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if build.Engine == nil || !slices.Equal(build.Needs, []string{"test"}) {
		t.Errorf("got engine %v and needs %v, want a fresh engine, and test", build.Engine, build.Needs)
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	timeline := Assemble(failed(t))
	test, build := timeline.Jobs[0], timeline.Jobs[1]
	if !slices.Equal(test.NotRun, []string{"Vet"}) || len(build.Segments) != 0 {
		t.Errorf("got %v not run, and the skipped job's segments %v, want Vet and none", test.NotRun, build.Segments)
	}
	at := slices.IndexFunc(test.Segments, func(s Segment) bool { return s.Conclusion == "failure" })
	if at < 0 || test.Segments[at].Name != "Test" || seconds(test.Segments[at].Took(), test.Segments[at].About) != "7.20s" {
		t.Errorf("got %+v, want the step Test to have failed after 7.20s", test.Segments)
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	cut := recorded(t, "green")
	cut.Logs[6], cut.Runners = cut.Logs[6][:len(cut.Logs[6])/2], nil
	again := recorded(t, "green")
	again.Jobs[1].RunAttempt = 2
	again.Run.StartedAt = again.Jobs[1].StartedAt
	broken := recorded(t, "green")
	broken.Workflow = []byte("jobs: [")
	for want, r := range map[string]Records{
		"build-and-push stops before its end": cut,
		"job test ended in an earlier":        again,
		"counted as waiting for a runner":     broken,
	} {
		if got := strings.Join(Assemble(r).Notes, "\n"); !strings.Contains(got, want) {
			t.Errorf("got notes %q, want %q", got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Records{"green": recorded(t, "green"), "running": recorded(t, "running"), "failed": failed(t)} {
		var out bytes.Buffer
		Assemble(r).Print(ui.NewPrinter(&out))
		golden(t, name+".txt", out.Bytes())
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(line)); n > 101 {
				t.Errorf("%s: got a line of %d characters, want at most 100: %q", name, n-1, line)
			}
		}
	}
}

// golden compares with a file in testdata, which -update writes.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, file); !bytes.Equal(got, want) {
		t.Errorf("got another %s than before; if it is right: go test ./internal/trace -update\n%s", file, got)
	}
}
