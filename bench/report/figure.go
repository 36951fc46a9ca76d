package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"
)

// Units of figures.
const (
	Seconds   = "s"
	Megabytes = "MB" // 10^6 bytes
	Percent   = "% of a core"
	Rate      = "requests/s"
)

// The fewest samples that a percentile is told of: with less it is the slowest.
const (
	leastP95 = 20
	leastP99 = 50
)

// Figure is one thing that was measured.
type Figure struct {
	Row      int       `json:"row"`
	Name     string    `json:"name"`
	Unit     string    `json:"unit"`
	N        int       `json:"n"`
	Failures int       `json:"failures,omitempty"` // attempts that gave no sample
	Reasons  []string  `json:"reasons,omitempty"`  // why the first of them failed
	Samples  []float64 `json:"samples,omitempty"`
	P50      float64   `json:"p50"`
	P95      float64   `json:"p95,omitempty"` // with 20 samples or more
	P99      float64   `json:"p99,omitempty"` // with 50 samples or more
	Mean     float64   `json:"mean"`
	Floor    *Floor    `json:"floor,omitempty"`
	Ratio    float64   `json:"ratio,omitempty"` // of the p50 to the floor's
	Growth   *Growth   `json:"growth,omitempty"`
	Goals    []Goal    `json:"goals,omitempty"`
	Goal     string    `json:"goal,omitempty"` // the goals, in words
	Met      *bool     `json:"met,omitempty"`  // all of them; nothing without a goal
	Note     string    `json:"note,omitempty"`
	Date     time.Time `json:"date"`
	Short    bool      `json:"short,omitempty"` // few samples, for a look
}

// Floor is the same work without the pipeline, measured in turn with it.
type Floor struct {
	What    string    `json:"what"`
	Samples []float64 `json:"samples"`
	P50     float64   `json:"p50"`
}

// Fail counts an attempt that gave no sample.
func (f *Figure) Fail(err error) {
	f.Failures++
	if len(f.Reasons) < 3 {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		f.Reasons = append(f.Reasons, reason)
	}
}

// Done computes what follows from the samples. Without any, all there is to
// say are the failures.
func (f *Figure) Done() Figure {
	f.N = len(f.Samples)
	if f.Growth != nil {
		f.Growth.fit()
		f.N = f.Growth.samples()
	} else if f.N > 0 {
		f.P50, f.Mean = Quantile(f.Samples, 0.5), stat.Mean(f.Samples, nil)
		f.P95, f.P99 = 0, 0
		if f.N >= leastP95 {
			f.P95 = Quantile(f.Samples, 0.95)
		}
		if f.N >= leastP99 {
			f.P99 = Quantile(f.Samples, 0.99)
		}
		if f.Floor != nil && len(f.Floor.Samples) > 0 {
			f.Floor.P50 = Quantile(f.Floor.Samples, 0.5)
			f.Ratio = f.P50 / f.Floor.P50
		}
	}
	f.judge()
	return *f
}

// Quantile is the smallest sample that at least the share p of all samples do
// not exceed (nearest rank): always one that was measured.
func Quantile(samples []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	return stat.Quantile(p, stat.Empirical, sorted, nil)
}

// Goal bounds one value of a figure.
type Goal struct {
	Of    string  `json:"of"`              // p50, p95, p99, mean, ratio, over (the floor) or exponent
	Most  float64 `json:"most,omitempty"`  // one of the two
	Least float64 `json:"least,omitempty"` // is set
}

// value is what the goal bounds; false when it was not measured. A goal of a
// percentile holds for few samples too, where it is the slowest.
func (g Goal) value(f Figure) (float64, bool) {
	if g.Of == "exponent" {
		return valueOf(f.Growth)
	}
	if f.N == 0 {
		return 0, false
	}
	switch g.Of {
	case "p50":
		return f.P50, true
	case "p95":
		return Quantile(f.Samples, 0.95), true
	case "p99":
		return Quantile(f.Samples, 0.99), true
	case "mean":
		return f.Mean, true
	case "ratio":
		return f.Ratio, f.Ratio > 0
	case "over":
		if f.Floor == nil || f.Ratio == 0 {
			return 0, false
		}
		return f.P50 - f.Floor.P50, true
	}
	return math.NaN(), false
}

func (g Goal) text(unit string) string {
	sign, bound := "≤", g.Most
	if g.Least > 0 {
		sign, bound = "≥", g.Least
	}
	switch g.Of {
	case "ratio":
		return fmt.Sprintf("%s %s × floor", sign, number(bound))
	case "over":
		return fmt.Sprintf("%s floor + %s", sign, Value(bound, unit))
	case "exponent":
		return fmt.Sprintf("no worse than linear: k ≤ %s", number(bound))
	case "p50":
		return fmt.Sprintf("%s %s", sign, Value(bound, unit))
	}
	return fmt.Sprintf("%s %s %s", g.Of, sign, Value(bound, unit))
}

// judge says whether the figure meets its goals.
func (f *Figure) judge() {
	f.Met = nil
	var words []string
	met, known := true, len(f.Goals) > 0
	for _, g := range f.Goals {
		words = append(words, g.text(f.Unit))
		value, ok := g.value(*f)
		known = known && ok
		met = met && (g.Most == 0 || value <= g.Most) && (g.Least == 0 || value >= g.Least)
	}
	f.Goal = strings.Join(words, ", ")
	if known {
		f.Met = &met
	}
}
