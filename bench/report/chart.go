package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"text/template"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// Measures of the chart, in pixels.
const (
	chartWidth = 840
	labelWidth = 400
	valueWidth = 60
	barHeight  = 14
	lineHeight = 26
	top        = 54
)

// bar is one figure beside its floor.
type bar struct {
	Label, Value string
	Y            int
	Width, Goal  float64 // Goal 0: it has none that is a ratio
	Missed       bool
}

// SaveChart draws each figure that has a floor as a multiple of it.
func (r Report) SaveChart(path string) error {
	svg, err := r.chart()
	if err != nil {
		return fmt.Errorf("drawing the chart: %w", err)
	}
	return atomicfile.Write(path, svg, 0o644)
}

func (r Report) chart() ([]byte, error) {
	most := 2.0
	var shown []Figure
	for _, f := range r.Figures {
		if f.Ratio > 0 {
			shown = append(shown, f)
			most = max(most, f.Ratio, f.ratioGoal())
		}
	}
	scale := (chartWidth - labelWidth - valueWidth) / most
	data := struct {
		Width, Height, Left, Bottom int
		Floor                       float64
		Bars                        []bar
	}{Width: chartWidth, Left: labelWidth, Floor: labelWidth + round(scale), Height: top + lineHeight*len(shown) + 12}
	data.Bottom = data.Height - 10
	for i, f := range shown {
		b := bar{
			Label: strings.ReplaceAll(f.Name, "`", ""), Value: fmt.Sprintf("%.2f ×", f.Ratio), Y: top + i*lineHeight,
			Width: round(f.Ratio * scale), Missed: f.Met != nil && !*f.Met,
		}
		if goal := f.ratioGoal(); goal > 0 {
			b.Goal = labelWidth + round(goal*scale)
		}
		data.Bars = append(data.Bars, b)
	}
	var out bytes.Buffer
	err := chart.Execute(&out, data)
	return out.Bytes(), err
}

// ratioGoal is the bound of the ratio, or 0.
func (f Figure) ratioGoal() float64 {
	for _, g := range f.Goals {
		if g.Of == "ratio" {
			return g.Most + g.Least
		}
	}
	return 0
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

var chart = template.Must(template.New("chart").Funcs(template.FuncMap{
	"add": func(a, b float64) float64 { return round(a + b) },
	"int": func(v int) float64 { return float64(v) },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{.Width}} {{.Height}}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="12" y="22" font-size="15" font-weight="600" fill="#1c2733">Each figure as a multiple of its floor (p50)</text>
<text x="12" y="40" fill="#5b6b7b">line: the floor itself; mark: the goal; red: not all goals are met</text>
{{- range .Bars}}
<text x="{{$.Left}}" y="{{add (int .Y) 12}}" dx="-8" text-anchor="end" fill="#1c2733">{{html .Label}}</text>
<rect x="{{$.Left}}" y="{{.Y}}" width="{{.Width}}" height="` + fmt.Sprint(barHeight) + `" fill="{{if .Missed}}#c4473a{{else}}#3a7d5d{{end}}"/>
<text x="{{add (int $.Left) .Width}}" y="{{add (int .Y) 12}}" dx="6" fill="#1c2733">{{.Value}}</text>
{{- if .Goal}}
<rect x="{{.Goal}}" y="{{add (int .Y) -3}}" width="2" height="20" fill="#d99a2b"/>
{{- end}}
{{- end}}
<line x1="{{.Floor}}" y1="48" x2="{{.Floor}}" y2="{{.Bottom}}" stroke="#5b6b7b" stroke-dasharray="3 3"/>
</svg>
`))
