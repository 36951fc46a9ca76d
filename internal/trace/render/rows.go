// Package render draws the timeline of a workflow run, as text and as an SVG picture.
package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
)

// span is from one moment to another.
type span struct{ from, to time.Time }

// row is one line of a drawing: a segment, a part of one, or all that the runner
// did between the steps of a job.
type row struct {
	name   string
	indent bool
	about  bool
	failed bool
	kind   model.Kind
	bars   []span
	took   time.Duration
}

func (r row) start() time.Time { return r.bars[0].from }

// rows are a job's rows in the order they begin.
func rows(j model.Job) []row {
	var rows []row
	between := -1
	for _, s := range j.Segments {
		if s.Kind == model.Between {
			if between < 0 {
				between = len(rows)
				rows = append(rows, row{name: "between steps", kind: model.Between})
			}
			r := &rows[between]
			r.bars = append(r.bars, span{s.Start, s.End})
			r.took += s.Took()
			r.about = r.about || s.About
			continue
		}
		rows = append(rows, asRow(s, false))
		for _, part := range s.Parts {
			rows = append(rows, asRow(part, true))
		}
	}
	if between >= 0 { // behind the steps
		r := rows[between]
		rows = slices.Delete(rows, between, between+1)
		at := len(rows)
		for at > 0 && rows[at-1].kind == model.Finish {
			at--
		}
		rows = slices.Insert(rows, at, r)
	}
	if j.JobEngine != nil {
		rows = append(rows, asRow(*j.JobEngine, false))
	}
	return rows
}

func asRow(s model.Segment, indent bool) row {
	r := row{name: s.Name, indent: indent, about: s.About, kind: s.Kind, bars: []span{{s.Start, s.End}}, took: s.Took()}
	if s.Kind == model.Step {
		r.failed = s.Conclusion == "failure"
		if s.Conclusion != "success" {
			r.name += " (" + cmp.Or(s.Conclusion, "running") + ")"
		}
	}
	return r
}

// jobHeading is a job in one line, with how long it took once it was begun.
func jobHeading(j model.Job) string {
	text := "job " + j.Name
	if j.Runner != "" {
		text += " on " + j.Runner
	}
	text += ": " + state(j.Status, j.Conclusion)
	for _, s := range j.Segments {
		if s.Kind != model.Needs && s.Kind != model.Queue {
			return text + ", " + seconds(j.End.Sub(s.Start), false)
		}
	}
	return text
}

func heading(t model.Timeline) string {
	return fmt.Sprintf("Run %d: %s", t.Number, state(t.Status, t.Conclusion))
}

func origin(t model.Timeline) string {
	branch := ""
	if t.Branch != "" {
		branch = " on " + t.Branch
	}
	return fmt.Sprintf("%s of %s%s, queued at %s", t.Event, t.Commit[:min(8, len(t.Commit))], branch,
		t.Queued.Local().Format("2006-01-02 15:04:05"))
}

func state(status, conclusion string) string {
	return strings.ReplaceAll(cmp.Or(conclusion, status), "_", " ")
}

// summary tells what the time was for, and where most of it went.
func summary(t model.Timeline) []string {
	until := "from queued to done"
	if t.Status != "completed" {
		until = "from queued until now"
	}
	part := func(what string, s float64) string {
		percent := 0.0
		if total := t.Took().Seconds(); total > 0 {
			percent = 100 * s / total
		}
		return fmt.Sprintf("%s %.1fs (%.0f%%)", what, s, percent)
	}
	lines := []string{fmt.Sprintf("%s %s: %s, %s, %s", seconds(t.Took(), t.About), until,
		part("waiting", t.Shares.Waiting), part("runner", t.Shares.Runner), part("steps", t.Shares.Steps))}
	if names := longest(t, 3); len(names) > 0 {
		lines = append(lines, "longest: "+strings.Join(names, ", "))
	}
	return lines
}

// longest are the n rows that took longest, with the job where it is not clear.
func longest(t model.Timeline, n int) []string {
	type long struct {
		row
		job string
	}
	var all []long
	same := map[string]int{}
	for _, j := range t.Jobs {
		for _, r := range rows(j) {
			if r.kind != model.Needs && r.kind != model.Part && r.kind != model.JobEngine {
				all = append(all, long{r, j.Name})
				same[r.name]++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b long) int { return cmp.Compare(b.took, a.took) })
	var names []string
	for _, l := range all[:min(n, len(all))] {
		name := l.name
		if same[name] > 1 {
			name += " of " + l.job
		}
		names = append(names, fmt.Sprintf("%s %s", name, seconds(l.took, l.about)))
	}
	return names
}

// seconds formats a length to hundredths, or what is approximate to tenths.
func seconds(d time.Duration, about bool) string {
	digits, sign := 2, ""
	if about {
		digits, sign = 1, "~"
	}
	if d < time.Minute {
		return fmt.Sprintf("%s%.*fs", sign, digits, d.Seconds())
	}
	minutes := d / time.Minute
	return fmt.Sprintf("%s%dm%0*.*fs", sign, minutes, digits+3, digits, (d - minutes*time.Minute).Seconds())
}
