package report

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// oneToN are the samples 1 to n, the last first.
func oneToN(n int) []float64 {
	var s []float64
	for i := n; i > 0; i-- {
		s = append(s, float64(i))
	}
	return s
}

func TestDone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		samples, floor      []float64
		p50, p95, p99, mean float64
		ratio               float64
	}{
		"none":           {},
		"one":            {samples: []float64{3}, p50: 3, mean: 3},
		"even":           {samples: []float64{4, 1, 3, 2}, p50: 2, mean: 2.5},
		"with a floor":   {samples: []float64{4}, floor: []float64{1, 2, 3}, p50: 4, mean: 4, ratio: 2},
		"enough for p95": {samples: oneToN(20), p50: 10, p95: 19, mean: 10.5},
		"enough for p99": {samples: oneToN(50), p50: 25, p95: 48, p99: 50, mean: 25.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := Figure{Samples: tt.samples}
			if tt.floor != nil {
				f.Floor = &Floor{Samples: tt.floor}
			}
			got := f.Done()
			if got.N != len(tt.samples) || got.P50 != tt.p50 || got.P95 != tt.p95 || got.P99 != tt.p99 || got.Mean != tt.mean || got.Ratio != tt.ratio {
				t.Errorf("got %+v, want %+v", got, tt)
			}
		})
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, tt := range map[string]struct {
		figure Figure
		want   *bool
		text   string
	}{
		"no goal":         {Figure{Samples: []float64{1}}, nil, ""},
		"no sample":       {Figure{Goals: []Goal{{Of: "p50", Most: 1}}}, nil, "≤ 1.00 s"},
		"at the bound":    {Figure{Samples: []float64{1}, Goals: []Goal{{Of: "p50", Most: 1}}}, &yes, "≤ 1.00 s"},
		"one of two":      {Figure{Samples: []float64{1, 1, 9}, Goals: []Goal{{Of: "p50", Most: 1}, {Of: "p95", Most: 8}}}, &no, "≤ 1.00 s, p95 ≤ 8.00 s"},
		"p99 and mean":    {Figure{Samples: []float64{1, 3}, Goals: []Goal{{Of: "mean", Most: 2}, {Of: "p99", Most: 3}}}, &yes, "mean ≤ 2.00 s, p99 ≤ 3.00 s"},
		"ratio":           {Figure{Samples: []float64{3}, Floor: &Floor{Samples: []float64{2}}, Goals: []Goal{{Of: "ratio", Most: 1.4}}}, &no, "≤ 1.4 × floor"},
		"ratio from here": {Figure{Samples: []float64{96}, Floor: &Floor{Samples: []float64{100}}, Goals: []Goal{{Of: "ratio", Least: 0.95}}}, &yes, "≥ 0.95 × floor"},
		"over the floor":  {Figure{Samples: []float64{6.5}, Floor: &Floor{Samples: []float64{2}}, Goals: []Goal{{Of: "over", Most: 5}}}, &yes, "≤ floor + 5.00 s"},
		"no floor":        {Figure{Samples: []float64{6.5}, Goals: []Goal{{Of: "over", Most: 5}}}, nil, "≤ floor + 5.00 s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.figure.Unit = Seconds
			got := tt.figure.Done()
			if (got.Met == nil) != (tt.want == nil) || got.Met != nil && *got.Met != *tt.want {
				t.Errorf("got met %v, want %v", got.met(), tt.want)
			}
			if got.Goal != tt.text {
				t.Errorf("got goal %q, want %q", got.Goal, tt.text)
			}
		})
	}
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	figure := func(cost func(size float64) float64) Figure {
		g := &Growth{By: "repository"}
		for _, size := range []float64{1, 10, 100} {
			g.Points = append(g.Points, Point{Size: size, Samples: []float64{cost(size), cost(size)}})
		}
		f := Figure{Growth: g, Goals: []Goal{{Of: "exponent", Most: 1.001}}}
		return f.Done()
	}
	linear := figure(func(size float64) float64 { return 2 * size })
	if g := linear.Growth; math.Abs(g.Slope-2) > 1e-9 || math.Abs(g.Intercept) > 1e-9 || math.Abs(g.Exponent-1) > 1e-9 || linear.N != 6 || !*linear.Met {
		t.Errorf("got %+v of %d samples, met %v; want a line of slope 2", g, linear.N, linear.met())
	}
	if square := figure(func(size float64) float64 { return size * size }); *square.Met || math.Abs(square.Growth.Exponent-2) > 1e-9 {
		t.Errorf("got exponent %v, met %s; want 2 and not met", square.Growth.Exponent, square.met())
	}
	one := Figure{Growth: &Growth{Points: []Point{{Size: 1, Samples: []float64{1}}, {Size: 10}}}, Goals: []Goal{{Of: "exponent", Most: 1}}}
	if got := one.Done(); got.Met != nil {
		t.Errorf("got a verdict of one size: %s", got.met())
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	r := Report{Figures: []Figure{{Row: 1, Name: "a"}, {Row: 2, Name: "b"}, {Row: 2, Name: "c"}, {Row: 5, Name: "d"}}}
	r.Put(2, []Figure{{Name: "new"}})
	r.Put(3, []Figure{{Name: "between"}, {Name: "too"}})
	r.Put(5, nil)
	var got []string
	for _, f := range r.Figures {
		got = append(got, f.Name)
	}
	if want := []string{"a", "new", "between", "too", "d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.json")
	if r, err := Load(path); err != nil || len(r.Figures) > 0 {
		t.Fatalf("got %+v, %v of no file, want an empty report", r, err)
	}
	want := example()
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Markdown() != want.Markdown() {
		t.Errorf("got other figures after saving and loading:\n%s", got.Markdown())
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, []byte("# Title\n\n"+begin+"\nold\n"+end+"\n\nThe rest.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again, over its own table
		if err := example().Update(path); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := "# Title\n\n" + begin + "\n" + example().Markdown() + end + "\n\nThe rest.\n"; string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	if err := os.WriteFile(path, []byte("# Title\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := example().Update(path); err == nil || !strings.Contains(err.Error(), begin) {
		t.Errorf("got %v of a document without markers, want an error that names them", err)
	}
}

// TestGolden holds what a report looks like.
func TestGolden(t *testing.T) {
	t.Parallel()
	svg, err := example().chart()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"table.md": example().Markdown(), "chart.svg": string(svg)} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("got another %s than the golden file; if it is meant: go test ./bench/report -update\n%s", name, got)
		}
	}
}

// example has a figure of each kind.
func example() Report {
	r := Report{
		Machine: Machine{Cores: 2, MemoryGB: 25.2, Kernel: "6.1.0", Engine: "20.10.24", CgroupLevel: "1", Go: "go1.26.8", CPU: "Some CPU"},
		Date:    time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Commit: "0123456789abcdef0123",
	}
	push := Figure{
		Name: "push to green", Unit: Seconds, Samples: oneToN(20),
		Floor: &Floor{What: "the same by hand", Samples: []float64{4, 5, 6}},
		Goals: []Goal{{Of: "ratio", Most: 2}, {Of: "p50", Most: 5}, {Of: "p95", Most: 8}},
	}
	push.Fail(errors.New("a red run\nwith its log"))
	pick := Figure{Name: "pick-up | tiny", Unit: Seconds, Samples: []float64{0.2, 0.31}, Goals: []Goal{{Of: "mean", Most: 0.5}}, Short: true}
	load := Figure{Name: "requests", Unit: Rate, Samples: []float64{9600}, Floor: &Floor{Samples: []float64{10000}}, Goals: []Goal{{Of: "ratio", Least: 0.95}}}
	memory := Figure{Name: "idle memory", Unit: Megabytes, Samples: []float64{187.25}, Note: "without page cache"}
	grown := Figure{Name: "status", Unit: Seconds, Goals: []Goal{{Of: "exponent", Most: 1}}, Growth: &Growth{By: "repository", Points: []Point{
		{Size: 1, Samples: []float64{1, 1.1}}, {Size: 200, Samples: []float64{1.5, 1.4}},
	}}}
	broken := Figure{Name: "down", Unit: Seconds, Goals: []Goal{{Of: "over", Most: 5}}}
	broken.Fail(errors.New("no stack"))
	r.Put(9, []Figure{grown.Done()})
	r.Put(1, []Figure{push.Done()})
	r.Put(2, []Figure{pick.Done()})
	r.Put(7, []Figure{memory.Done()})
	r.Put(8, []Figure{load.Done()})
	r.Put(6, []Figure{broken.Done()})
	return r
}
