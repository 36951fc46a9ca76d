//go:build e2e

package e2e

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

// checkTrace checks the trace of the newest run, which is green: the segments of a job must
// add up to its length, and times that are in the log must not be approximate.
func checkTrace(t *testing.T, p *project) {
	t.Helper()
	out, err := p.command(t.Context(), nil, "trace", "--json").Output()
	if err != nil {
		t.Fatalf("trace: %v\n%s", err, out)
	}
	var run struct {
		Conclusion string
		Notes      []string
		Jobs       []struct {
			Name               string
			StartedAt, EndedAt time.Time
			Segments           []struct {
				Kind, Name  string
				Seconds     float64
				Approximate bool
			}
		}
	}
	if err := json.Unmarshal(out, &run); err != nil {
		t.Fatalf("trace: %v\n%s", err, out)
	}
	if run.Conclusion != "success" || len(run.Jobs) != 2 || len(run.Notes) > 0 {
		t.Errorf("got a run that is %s with %d jobs and the notes %q, want success, 2 and none", run.Conclusion, len(run.Jobs), run.Notes)
	}
	for _, job := range run.Jobs {
		sum, steps := 0.0, 0
		for _, s := range job.Segments {
			sum += s.Seconds
			if s.Kind == "step" {
				steps++
			}
			if s.Kind == "setup" && s.Approximate {
				t.Errorf("job %s: %s is approximate, want it from the log", job.Name, s.Name)
			}
		}
		if length := job.EndedAt.Sub(job.StartedAt).Seconds(); math.Abs(sum-length) > 0.001 || steps < 4 {
			t.Errorf("job %s: got %d steps and segments of %.3fs, want 4 or more and %.3fs", job.Name, steps, sum, length)
		}
	}
}
