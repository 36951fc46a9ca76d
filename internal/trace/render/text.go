package render

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// The columns of the text; with its indentation a line has at most 91 characters.
const (
	nameWidth = 28
	timeWidth = 9
	barWidth  = 40
)

// glyphs are what the bars are drawn with.
var glyphs = map[model.Kind]rune{
	model.Needs: '·', model.Queue: '░', model.Setup: '▒', model.Between: '▒', model.Finish: '▒', model.Step: '█', model.Part: '▄', model.JobEngine: '▒',
}

// Text writes the timeline as text: a line for each segment, with when it began
// after the run was queued, how long it took, and a bar.
func Text(out *ui.Printer, t model.Timeline) {
	fmt.Fprintf(out, "%s\n", heading(t))
	out.Line("%s", shorten(t.Title, 90))
	out.Line("%s", origin(t))
	out.Line("%s", t.URL)
	end := end(t)
	for _, j := range t.Jobs {
		out.Section(jobHeading(j))
		rows := rows(j)
		if len(rows) > 0 {
			out.Line("%-*s %*s %*s", nameWidth, "", timeWidth, "at", timeWidth, "took")
		}
		for _, r := range rows {
			name := r.name
			if r.indent {
				name = "  " + name
			}
			out.Line("%s %*s %*s  %s", pad(name), timeWidth, seconds(r.start().Sub(t.Queued), false),
				timeWidth, seconds(r.took, r.about), barText(t, r, end))
		}
		if len(j.NotRun) > 0 {
			out.Line("not run: %s", strings.Join(j.NotRun, ", "))
		}
	}
	out.Section("Where the time went")
	for _, line := range summary(t) {
		out.Line("%s", line)
	}
	out.Line("· waiting for a job  ░ for a runner  ▒ runner's own work  █ steps  ~ known to the second")
	for _, note := range t.Notes {
		out.State("note", "%s", note)
	}
}

// end is that of all that is drawn: a fresh job engine may start after the run.
func end(t model.Timeline) time.Time {
	end := t.End
	for _, j := range t.Jobs {
		if j.JobEngine != nil && j.JobEngine.End.After(end) {
			end = j.JobEngine.End
		}
	}
	return end
}

// pad makes a name as wide as its column.
func pad(name string) string {
	name = shorten(name, nameWidth)
	return name + strings.Repeat(" ", nameWidth-utf8.RuneCountInString(name))
}

// barText is where a row lies in the run. A cell is filled that is covered at least
// by half; what fills none has a mark of its own.
func barText(t model.Timeline, r row, end time.Time) string {
	cells := []rune(strings.Repeat(" ", barWidth))
	cell := func(at time.Time) float64 {
		return barWidth * float64(at.Sub(t.Queued)) / float64(max(end.Sub(t.Queued), 1))
	}
	for _, b := range r.bars {
		from, to := cell(b.from), cell(b.to)
		first, last := int(from+0.5), int(to+0.5)
		if to-from < 0.5 {
			cells[min(int(from), barWidth-1)] = '▏'
			continue
		}
		if first == last {
			first, last = int((from+to)/2), int((from+to)/2)+1
		}
		for i := first; i < min(last, barWidth); i++ {
			cells[i] = glyphs[r.kind]
		}
	}
	return strings.TrimRight(string(cells), " ")
}
