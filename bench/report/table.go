package report

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The markers around the table in a document.
const (
	begin = "<!-- bench:begin -->\n"
	end   = "<!-- bench:end -->\n"
)

const header = "| # | what | N | p50 | p95 | p99 | mean | baseline (p50) | × baseline | goal | met |\n" +
	"|--:|---|--:|--:|--:|--:|--:|--:|--:|---|---|\n"

// rowLine is a line of a table or of its notes, with the number of its row.
var rowLine = regexp.MustCompile(`(?m)^(\| |- )(\d+)[ ,].*\n`)

// Update replaces the rows of the figures in a document's table, and the description of the
// machine above it. Other rows stay as they are. Without figures it only checks that the
// document has the markers.
func Update(path, machine string, figures []Figure) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the document with the table: %w", err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, found := strings.Cut(rest, end)
	if !ok || !found {
		return fmt.Errorf("%s has no lines %s and %s around the table", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	if len(figures) == 0 {
		return nil
	}
	lines := map[string][]string{} // by their beginning
	add := func(start string, row int, line string) {
		lines[start] = append(lines[start], fmt.Sprintf("%3d", row)+line)
	}
	for _, m := range rowLine.FindAllStringSubmatch(old, -1) {
		n, err := strconv.Atoi(m[2])
		if err == nil && !slices.ContainsFunc(figures, func(f Figure) bool { return f.Row == n }) {
			add(m[1], n, m[0])
		}
	}
	for _, f := range figures {
		add("| ", f.Row, fmt.Sprintf("| %d | %s |\n", f.Row, strings.Join(f.cells(), " | ")))
		if f.Note != "" {
			add("- ", f.Row, fmt.Sprintf("- %d, %s: %s.\n", f.Row, f.Name, f.Note))
		}
		for _, reason := range f.Failures {
			add("- ", f.Row, fmt.Sprintf("- %d, %s failed once: %s\n", f.Row, f.Name, reason))
		}
	}
	table := machine + "\n\n" + header + sorted(lines["| "]) + "\n" + sorted(lines["- "])
	return os.WriteFile(path, []byte(head+begin+table+end+tail), 0o644)
}

// sorted joins lines by the number in their first three characters.
func sorted(lines []string) string {
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[:3], b[:3]) })
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line[3:])
	}
	return text.String()
}

// cells returns the columns after the row's number. A percentile is left out if there are
// too few samples.
func (f Figure) cells() []string {
	n := len(f.Samples)
	goals, met := f.judge()
	cells := []string{f.Name, strconv.Itoa(n), "", "", "", "", "", "", goals, met}
	for i, least := range []int{1, 20, 50} {
		if n >= least {
			cells[2+i] = value(quantile(f.Samples, []float64{0.5, 0.95, 0.99}[i]), f.Unit)
		}
	}
	if n > 1 {
		cells[5] = value(mean(f.Samples), f.Unit)
	}
	if ratio, ok := (Goal{Of: "ratio"}).value(f); ok {
		cells[6], cells[7] = value(quantile(f.Baseline, 0.5), f.Unit), fmt.Sprintf("%.2f", ratio)
	}
	return cells
}

// String returns the figure as one line, for a terminal.
func (f Figure) String() string { return strings.Join(f.cells(), " | ") }
