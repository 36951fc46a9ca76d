package render

import (
	"bytes"
	_ "embed" // the picture's template
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
)

//go:embed timeline.svg.tmpl
var pictureText string

var pictureTemplate = template.Must(template.New("timeline").Parse(pictureText))

// The picture's measures, in pixels.
const (
	pictureWidth = 900
	margin       = 24
	barsLeft     = 222 // where the time begins
	barsRight    = 806 // where it ends; lengths stand to the right
	rowHeight    = 18
	barHeight    = 12
	labelRunes   = 29  // as many characters as fit left of the bars
	lineRunes    = 120 // as many as fit into a line
)

// colours are what the bars are drawn with.
var colours = map[model.Kind]string{
	model.Needs: "#e4e8ec", model.Queue: "#b6c0ca", model.Setup: "#eeb04f", model.Between: "#eeb04f", model.Finish: "#eeb04f",
	model.Step: "#3b82d6", model.Part: "#9cc4ee", model.JobEngine: "#b69be0",
}

const failedColour = "#d1373f"

// picture is what the template draws.
type picture struct {
	Width, Height          int
	Top, Bottom            int // of the grid
	Heading, Title, Origin string
	Lines                  []text
	Ticks                  []tick
	Bars                   []bar
	Bands                  []bar // behind the jobs' names
	Shares                 []bar
}

type text struct {
	X, Y   int
	Class  string
	Text   string
	Anchor string
}

type tick struct {
	X     float64
	Label string
}

type bar struct {
	X, W   float64
	Y, H   int
	Colour string
	Title  string
}

// SVG draws the timeline into a file, which it replaces only when the
// picture is complete.
func SVG(file string, t model.Timeline) error {
	var out bytes.Buffer
	if err := pictureTemplate.Execute(&out, draw(t)); err != nil {
		return fmt.Errorf("drawing the timeline: %w", err)
	}
	return atomicfile.Write(file, out.Bytes(), 0o644)
}

// draw lays the timeline out.
func draw(t model.Timeline) picture {
	p := picture{Width: pictureWidth, Top: 112,
		Heading: heading(t), Title: shorten(t.Title, lineRunes), Origin: origin(t)}
	end := end(t)
	at := func(moment time.Time) float64 {
		return barsLeft + (barsRight-barsLeft)*float64(moment.Sub(t.Queued))/float64(max(end.Sub(t.Queued), 1))
	}
	y := p.Top
	for _, j := range t.Jobs {
		y += 8
		p.Bands = append(p.Bands, bar{X: margin - 8, W: pictureWidth - 2*margin + 16, Y: y, H: 20, Colour: "#f3f5f7"})
		p.write(margin, y+15, "job", "start", jobHeading(j))
		y += 24
		for _, r := range rows(j) {
			p.row(r, y, t, at)
			y += rowHeight
		}
		if len(j.NotRun) > 0 {
			p.write(margin, y+12, "dim", "start", shorten("not run: "+strings.Join(j.NotRun, ", "), lineRunes))
			y += rowHeight
		}
	}
	p.Bottom = y + 4
	for _, step := range ticks(end.Sub(t.Queued)) {
		p.Ticks = append(p.Ticks, tick{at(t.Queued.Add(step)), axisLabel(step)})
	}
	y = p.Bottom + 32
	p.shares(t, y)
	p.legend(y + 26)
	y += 62
	for _, line := range summary(t) {
		p.write(margin, y, "line", "start", line)
		y += 18
	}
	for _, note := range t.Notes {
		p.write(margin, y, "dim", "start", shorten(note, lineRunes))
		y += 18
	}
	p.Height = y + 6
	return p
}

func (p *picture) write(x, y int, class, anchor, what string) {
	p.Lines = append(p.Lines, text{x, y, class, what, anchor})
}

func (p *picture) row(r row, y int, t model.Timeline, at func(time.Time) float64) {
	x, class, runes, height := margin, "row", labelRunes, barHeight
	if r.indent {
		x, class, runes, height = margin+14, "part", labelRunes-2, barHeight-4
	}
	p.write(x, y+13, class, "start", shorten(r.name, runes))
	p.write(pictureWidth-margin, y+13, class, "end", seconds(r.took, r.about))
	colour := colours[r.kind]
	if r.failed {
		colour = failedColour
	}
	for _, b := range r.bars {
		from, to := at(b.from), at(b.to)
		p.Bars = append(p.Bars, bar{from, max(to-from, 1.5), y + 3 + (barHeight-height)/2, height, colour,
			fmt.Sprintf("%s: %s from %s", r.name, seconds(b.to.Sub(b.from), r.about), seconds(b.from.Sub(t.Queued), false))})
	}
}

// shares is a bar of the whole time by what it was for.
func (p *picture) shares(t model.Timeline, y int) {
	total := t.Shares.Waiting + t.Shares.Runner + t.Shares.Steps
	x := float64(margin)
	for _, share := range []struct {
		kind    model.Kind
		name    string
		seconds float64
	}{{model.Queue, "waiting", t.Shares.Waiting}, {model.Setup, "runner: set-up, between steps, cleaning up", t.Shares.Runner}, {model.Step, "steps", t.Shares.Steps}} {
		width := (pictureWidth - 2*margin) * share.seconds / max(total, 0.001)
		p.Shares = append(p.Shares, bar{x, width, y, 10, colours[share.kind], share.name})
		x += width
	}
}

// legend tells what the colours mean.
func (p *picture) legend(y int) {
	x := margin
	for _, entry := range []struct {
		kind  model.Kind
		name  string
		width int
	}{
		{model.Needs, "waits for a job", 118}, {model.Queue, "waits for a runner", 138},
		{model.Setup, "runner: set-up, between steps, cleaning up", 282}, {model.Step, "steps", 66}, {model.JobEngine, "fresh job engine", 106},
	} {
		p.Shares = append(p.Shares, bar{float64(x), 10, y, 10, colours[entry.kind], entry.name})
		p.write(x+15, y+9, "axis", "start", entry.name)
		x += entry.width
	}
	p.write(pictureWidth-margin, y+9, "axis", "end", "~ known to the second")
}

// ticks divides a length into at most a dozen round parts.
func ticks(whole time.Duration) []time.Duration {
	step := 100 * time.Millisecond
	for _, factor := range []time.Duration{2, 5, 10, 20, 50, 100, 150, 300, 600, 1200, 3000, 6000, 12000, 36000, 144000, 864000} {
		if whole/step <= 12 {
			break
		}
		step = factor * 100 * time.Millisecond
	}
	var all []time.Duration
	for at := time.Duration(0); at <= whole; at += step {
		all = append(all, at)
	}
	return all
}

func axisLabel(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%gs", d.Seconds())
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return fmt.Sprintf("%dm%02.0fs", d/time.Minute, (d % time.Minute).Seconds())
	}
}

// shorten truncates a text to a number of characters.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
