package report

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oneToN returns the samples n to 1.
func oneToN(n int) []float64 {
	var s []float64
	for i := n; i > 0; i-- {
		s = append(s, float64(i))
	}
	return s
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	got := []float64{quantile([]float64{4, 1, 3, 2}, 0.5), quantile(oneToN(20), 0.95), quantile(oneToN(50), 0.99), quantile(nil, 0.5)}
	if want := []float64{2, 19, 50, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		figure     Figure
		goals, met string
	}{
		"no goal":      {Figure{Samples: []float64{1}}, "", ""},
		"no sample":    {Figure{Goals: []Goal{{"p50", 1}}}, "p50 ≤ 1.00 s", ""},
		"at the bound": {Figure{Samples: []float64{1}, Goals: []Goal{{"p50", 1}}}, "p50 ≤ 1.00 s", "yes"},
		"one of two":   {Figure{Samples: []float64{1, 1, 9}, Goals: []Goal{{"p50", 1}, {"p95", 8}}}, "p50 ≤ 1.00 s, p95 ≤ 8.00 s", "**no**"},
		"p99 and mean": {Figure{Samples: []float64{1, 3}, Goals: []Goal{{"mean", 2}, {"p99", 3}}}, "mean ≤ 2.00 s, p99 ≤ 3.00 s", "yes"},
		"ratio":        {Figure{Samples: []float64{3}, Baseline: []float64{2}, Goals: []Goal{{"ratio", 1.4}}}, "≤ 1.4 × baseline", "**no**"},
		"no baseline":  {Figure{Samples: []float64{6.5}, Goals: []Goal{{"ratio", 5}}}, "≤ 5 × baseline", ""},
	} {
		tt.figure.Unit = Seconds
		if goals, met := tt.figure.judge(); goals != tt.goals || met != tt.met {
			t.Errorf("%s: got %q and %q, want %q and %q", name, goals, met, tt.goals, tt.met)
		}
	}
}

// TestUpdate writes rows into a document, and then one of them again.
func TestUpdate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("# Title\n"+begin+end+"The rest.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	push := Figure{Row: 1, Name: "push", Unit: Seconds, Samples: oneToN(20), Baseline: []float64{5}, Goals: []Goal{{"ratio", 2}}, Note: "baseline: by hand"}
	push.Record(0, errors.New("a red run\nwith its log"))
	memory := Figure{Row: 7, Name: "memory", Unit: Megabytes}
	memory.Record(187.25, nil)
	for _, figures := range [][]Figure{{memory}, {{Row: 10, Name: "ten", Note: "stays"}, {Row: 1, Name: "old", Note: "goes"}}, {push}, nil} {
		if err := Update(path, "Measured on 2 cores.", figures); err != nil {
			t.Fatal(err)
		}
	}
	want := "# Title\n" + begin + "Measured on 2 cores.\n\n" + header + `| 1 | push | 20 | 10.0 s | 19.0 s |  | 10.5 s | 5.00 s | 2.00 | ≤ 2 × baseline | yes |
| 7 | memory | 1 | 187 MB |  |  |  |  |  |  |  |
| 10 | ten | 0 |  |  |  |  |  |  |  |  |

- 1, push: baseline: by hand.
- 1, push failed once: a red run
- 10, ten: stays.
` + end + "The rest.\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("got %v and\n%s\nwant\n%s", err, got, want)
	}
	if err := os.WriteFile(path, []byte("# Title\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Update(path, "", nil); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(begin)) {
		t.Errorf("got %v of a document without markers, want an error that names them", err)
	}
}
