package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// waitingTitle heads a table that is there only if it has rows.
const waitingTitle = "Jobs that no runner takes"

// Print prints the Status for people.
func (s Status) Print(out *ui.Printer) {
	fmt.Fprintf(out, "stack %s: %s\n", s.Stack, s.State)
	doctor.Print(out, s.Disks, true)
	for _, group := range []map[string]string{s.URLs, s.Secrets} {
		var rows [][]string
		for name := range group {
			rows = append(rows, []string{name, group[name]})
		}
		slices.SortFunc(rows, slices.Compare)
		out.Table(rows)
	}
	for _, table := range []struct {
		title string
		rows  [][]string
	}{
		{"Containers", s.containerRows()},
		{"Runners", s.runnerRows()},
		{waitingTitle, s.waitingRows()},
		{"Last runs", s.runRows()},
		{"Published images", s.imageRows()},
		{"Volumes", s.volumeRows()},
	} {
		if table.title == waitingTitle && len(table.rows) == 0 {
			continue
		}
		out.Section(table.title)
		if len(table.rows) == 0 {
			out.Line("none")
			continue
		}
		out.Table(table.rows)
	}
	if len(s.Problems) > 0 {
		out.Section("Could not be asked")
		for _, p := range s.Problems {
			out.Line("%s", p)
		}
	}
}

func (s Status) containerRows() (rows [][]string) {
	for _, c := range s.Containers {
		rows = append(rows, []string{c.Name, c.State, or(c.Health, "-"), c.Status})
	}
	return rows
}

func (s Status) runnerRows() (rows [][]string) {
	for _, r := range s.Runners {
		busy := "idle"
		if r.Busy {
			busy = "busy"
		}
		rows = append(rows, []string{r.Name, r.Status, busy})
	}
	return rows
}

func (s Status) waitingRows() (rows [][]string) {
	for _, w := range s.Waiting {
		rows = append(rows, []string{w.Job, strings.Join(w.Labels, ", "), w.Reason, w.URL})
	}
	return rows
}

func (s Status) runRows() (rows [][]string) {
	for _, r := range s.Runs {
		took := "-"
		if r.Completed.After(r.Started) && r.Started.Year() > 2000 {
			took = ui.Duration(r.Completed.Sub(r.Started))
		}
		rows = append(rows, []string{fmt.Sprintf("#%d", r.Number), or(r.Conclusion, r.Status), took, r.Commit[:min(8, len(r.Commit))], r.Title})
	}
	return rows
}

func (s Status) imageRows() (rows [][]string) {
	for _, i := range s.Images {
		rows = append(rows, []string{i.Name, i.Tag, or(i.Digest, "-"), i.Created.Local().Format("2006-01-02 15:04")})
	}
	return rows
}

func (s Status) volumeRows() (rows [][]string) {
	var total int64
	for _, v := range s.Volumes {
		size := "-"
		if v.Size >= 0 {
			size = ui.Bytes(v.Size)
			total += v.Size
		}
		rows = append(rows, []string{v.Name, size})
	}
	if len(rows) > 0 {
		rows = append(rows, []string{"together", ui.Bytes(total)})
	}
	return rows
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
