package report

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// The markers between which a document has the table.
const (
	begin = "<!-- bench:begin -->"
	end   = "<!-- bench:end -->"
)

// Check tells whether a document has a place for the table.
func Check(path string) error {
	_, _, err := around(path)
	return err
}

// around is what stands before the table's place in a document, and behind it.
func around(path string) (head, tail []byte, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the document of the figures: %w", err)
	}
	head, rest, ok := bytes.Cut(text, []byte(begin))
	_, tail, found := bytes.Cut(rest, []byte(end))
	if !ok || !found {
		return nil, nil, fmt.Errorf("%s has no lines %s and %s for the table to stand between", path, begin, end)
	}
	return head, tail, nil
}

// Update puts the table between the markers of a document.
func (r Report) Update(path string) error {
	head, tail, err := around(path)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, bytes.Join([][]byte{head, []byte(begin), []byte("\n" + r.Markdown()), []byte(end), tail}, nil), 0o644)
}

// Markdown is the report as it stands in a document.
func (r Report) Markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "Measured on %s at commit %s: %d cores%s, %s GB of memory, kernel %s, engine %s, cgroup v%s, %s.\n\n",
		r.Date.UTC().Format("2006-01-02"), short(r.Commit), m.Cores, parenthesis(m.CPU), number(m.MemoryGB), m.Kernel, m.Engine, m.CgroupLevel, m.Go)
	b.WriteString("| # | what | N | p50 | p95 | p99 | mean | floor (p50) | × floor | goal | met |\n")
	b.WriteString("|--:|---|--:|--:|--:|--:|--:|--:|--:|---|---|\n")
	var growths []Figure
	for _, f := range r.Figures {
		if f.Growth != nil {
			growths = append(growths, f)
			continue
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(f.cells(), " | "))
	}
	if len(growths) > 0 {
		b.WriteString("\n| # | growth | N | p50 at each size | one more costs | ∝ sizeᵏ, k | goal | met |\n")
		b.WriteString("|--:|---|--:|---|--:|--:|---|---|\n")
		for _, f := range growths {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(f.growthCells(), " | "))
		}
	}
	if notes := r.notes(); notes != "" {
		b.WriteString("\n" + notes)
	}
	return b.String()
}

func (f Figure) cells() []string {
	cells := []string{strconv.Itoa(f.Row), cell(f.Name), f.count()}
	for _, v := range []float64{f.P50, f.P95, f.P99, f.Mean} {
		cells = append(cells, f.value(v))
	}
	floor, ratio := "", ""
	if f.Ratio > 0 {
		floor, ratio = Value(f.Floor.P50, f.Unit), fmt.Sprintf("%.2f", f.Ratio)
	}
	return append(cells, floor, ratio, f.Goal, f.met())
}

func (f Figure) growthCells() []string {
	var points []string
	for _, p := range f.Growth.Points {
		if len(p.Samples) > 0 {
			points = append(points, fmt.Sprintf("%s: %s", number(p.Size), Value(p.P50, f.Unit)))
		}
	}
	slope, exponent := "", ""
	if f.Growth.fitted() {
		slope, exponent = Value(f.Growth.Slope, f.Unit), fmt.Sprintf("%.2f", f.Growth.Exponent)
	}
	return []string{strconv.Itoa(f.Row), cell(f.Name), f.count(), strings.Join(points, ", "), slope, exponent, f.Goal, f.met()}
}

// value is empty where nothing was measured.
func (f Figure) value(v float64) string {
	if f.N == 0 || v == 0 {
		return ""
	}
	return Value(v, f.Unit)
}

func (f Figure) count() string {
	text := strconv.Itoa(f.N)
	if f.Short {
		text += " (short)"
	}
	if f.Failures > 0 {
		text += fmt.Sprintf(" (+%d failed)", f.Failures)
	}
	return text
}

func (f Figure) met() string {
	switch {
	case f.Met == nil:
		return ""
	case *f.Met:
		return "yes"
	}
	return "**no**"
}

// notes tell what the floors are, and what else a reader has to know.
func (r Report) notes() string {
	var b strings.Builder
	for _, f := range r.Figures {
		var words []string
		if f.Floor != nil && f.Floor.What != "" {
			words = append(words, "floor: "+f.Floor.What)
		}
		if f.Note != "" {
			words = append(words, f.Note)
		}
		for _, reason := range f.Reasons {
			words = append(words, "failed: "+reason)
		}
		if len(words) > 0 {
			fmt.Fprintf(&b, "- %d, %s: %s.\n", f.Row, f.Name, strings.Join(words, "; "))
		}
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func short(commit string) string { return commit[:min(len(commit), 12)] }

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Line is the figure in one line, for a terminal.
func (f Figure) Line() string {
	text := fmt.Sprintf("%s: N %s", f.Name, f.count())
	if f.Growth != nil {
		cells := f.growthCells()
		return text + ", " + cells[3] + ", slope " + cells[4] + ", exponent " + cells[5] + f.verdict()
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"p50", f.P50}, {"p95", f.P95}, {"p99", f.P99}, {"mean", f.Mean}} {
		if s := f.value(v.value); s != "" {
			text += ", " + v.name + " " + s
		}
	}
	if f.Ratio > 0 {
		text += fmt.Sprintf(", floor %s, ratio %.2f", Value(f.Floor.P50, f.Unit), f.Ratio)
	}
	return text + f.verdict()
}

func (f Figure) verdict() string {
	switch {
	case f.Goal == "":
		return ""
	case f.Met == nil:
		return "; goal " + f.Goal
	case *f.Met:
		return "; goal " + f.Goal + ": met"
	}
	return "; goal " + f.Goal + ": NOT met"
}
