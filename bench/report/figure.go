// Package report compares the benchmark's figures with their goals, and writes the table.
package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The units of figures.
const (
	Seconds   = "s"
	Megabytes = "MB" // 10^6 bytes
	Percent   = "%"  // of a core
)

// Figure is one measured quantity with its samples.
type Figure struct {
	Row        int
	Name, Unit string
	Samples    []float64
	Baseline   []float64 // what the samples are compared with
	Goals      []Goal
	Failures   []string // attempts without a sample
	Note       string
}

// Record adds a sample, or the reason why there is none.
func (f *Figure) Record(sample float64, err error) {
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		f.Failures = append(f.Failures, reason)
		return
	}
	f.Samples = append(f.Samples, sample)
}

// quantile returns the nearest-rank quantile: the smallest sample that is at least as large
// as the share p of all samples. It is always a measured sample; without samples it is 0.
func quantile(samples []float64, p float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

func mean(samples []float64) (mean float64) {
	for _, s := range samples {
		mean += s / float64(len(samples))
	}
	return mean
}

// Goal is an upper limit for one value of a figure.
type Goal struct {
	Of   string // p50, p95, p99, mean, or ratio to the baseline
	Most float64
}

// value returns the value that the goal limits, or false if it was not measured. With few
// samples, a percentile is the slowest sample.
func (g Goal) value(f Figure) (float64, bool) {
	if len(f.Samples) == 0 || g.Of == "ratio" && len(f.Baseline) == 0 {
		return 0, false
	}
	switch g.Of {
	case "ratio":
		return quantile(f.Samples, 0.5) / quantile(f.Baseline, 0.5), true
	case "mean":
		return mean(f.Samples), true
	}
	percent, err := strconv.Atoi(strings.TrimPrefix(g.Of, "p"))
	return quantile(f.Samples, float64(percent)/100), err == nil
}

func (g Goal) text(unit string) string {
	if g.Of == "ratio" {
		return fmt.Sprintf("≤ %v × baseline", g.Most)
	}
	return fmt.Sprintf("%s ≤ %s", g.Of, value(g.Most, unit))
}

// judge returns all goals as text, and whether they are met; "" if that is not known.
func (f Figure) judge() (goals, met string) {
	var words []string
	known, all := len(f.Goals) > 0, true
	for _, g := range f.Goals {
		v, ok := g.value(f)
		words = append(words, g.text(f.Unit))
		known, all = known && ok, all && v <= g.Most
	}
	switch {
	case known && all:
		met = "yes"
	case known:
		met = "**no**"
	}
	return strings.Join(words, ", "), met
}

// value formats a value with its unit.
func value(v float64, unit string) string {
	if unit == Seconds && v < 1 {
		v, unit = v*1000, "ms"
	}
	digits := 2
	for limit := 9.995; digits > 0 && v >= limit; limit *= 10 {
		digits--
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + unit
}
