package trace

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// The columns of the text; with its indentation a line has at most 91 characters.
const (
	nameWidth = 28
	timeWidth = 9
	barWidth  = 40
)

// glyphs are what the bars are drawn with.
var glyphs = map[Kind]rune{
	Needs: '·', Queue: '░', Setup: '▒', Between: '▒', Finish: '▒', Step: '█', Part: '▄', Engine: '▒',
}

// Print writes the timeline as text: a line for each segment, with when it began
// after the run was queued, how long it took, and a bar.
func (t Timeline) Print(out *ui.Printer) {
	fmt.Fprintf(out, "%s\n", t.heading())
	out.Line("%s", cutOff(t.Title, 90))
	out.Line("%s", t.origin())
	out.Line("%s", t.URL)
	end := t.end()
	for _, j := range t.Jobs {
		out.Section(j.heading())
		rows := j.rows()
		if len(rows) > 0 {
			out.Line("%-*s %*s %*s", nameWidth, "", timeWidth, "at", timeWidth, "took")
		}
		for _, r := range rows {
			name := r.name
			if r.indent {
				name = "  " + name
			}
			out.Line("%s %*s %*s  %s", pad(name), timeWidth, seconds(r.start().Sub(t.Queued), false),
				timeWidth, seconds(r.took, r.about), t.bar(r, end))
		}
		if len(j.NotRun) > 0 {
			out.Line("not run: %s", strings.Join(j.NotRun, ", "))
		}
	}
	out.Section("Where the time went")
	for _, line := range t.summary() {
		out.Line("%s", line)
	}
	out.Line("· waiting for a job  ░ for a runner  ▒ runner's own work  █ steps  ~ known to the second")
	for _, note := range t.Notes {
		out.State("note", "%s", note)
	}
}

// end is that of all that is drawn: a fresh engine may come after the run.
func (t Timeline) end() time.Time {
	end := t.End
	for _, j := range t.Jobs {
		if j.Engine != nil && j.Engine.End.After(end) {
			end = j.Engine.End
		}
	}
	return end
}

// pad makes a name as wide as its column.
func pad(name string) string {
	name = cutOff(name, nameWidth)
	return name + strings.Repeat(" ", nameWidth-utf8.RuneCountInString(name))
}

// bar is where a row lies in the run. A cell is filled that is covered at least
// by half; what fills none has a mark of its own.
func (t Timeline) bar(r row, end time.Time) string {
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
