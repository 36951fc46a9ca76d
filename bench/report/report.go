// Package report keeps what the benchmark measured: figures over samples, each
// beside its floor and its goal, as JSON, as a Markdown table and as a chart.
package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// Machine is where the figures were measured.
type Machine struct {
	CPU         string  `json:"cpu,omitempty"`
	Cores       int     `json:"cores"`
	MemoryGB    float64 `json:"memoryGB"`
	Kernel      string  `json:"kernel"`
	Engine      string  `json:"engine"`
	CgroupLevel string  `json:"cgroup"`
	Go          string  `json:"go"`
}

// Report is a whole run, or several of parts of the rows.
type Report struct {
	Machine Machine   `json:"machine"`
	Date    time.Time `json:"date"`   // of the last run
	Commit  string    `json:"commit"` // of the project, in that run
	Figures []Figure  `json:"rows"`
}

// Load reads a report; one that is not there is empty.
func Load(path string) (Report, error) {
	var r Report
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("reading the results: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("reading the results in %s: %w", path, err)
	}
	return r, nil
}

// Save writes the report, whole or not at all.
func (r Report) Save(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the results: %w", err)
	}
	return atomicfile.Write(path, append(data, '\n'), 0o644)
}

// Put takes the figures of one row in place of those that the report had of it.
// A row that gave none keeps what it had: a failure is no figure.
func (r *Report) Put(row int, figures []Figure) {
	if len(figures) == 0 {
		return
	}
	r.Figures = slices.DeleteFunc(r.Figures, func(f Figure) bool { return f.Row == row })
	for _, f := range figures {
		f.Row = row
		r.Figures = append(r.Figures, f)
	}
	slices.SortStableFunc(r.Figures, func(a, b Figure) int { return cmp.Compare(a.Row, b.Row) })
}
