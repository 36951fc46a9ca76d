package report

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Growth is how a figure grows with the size of something.
type Growth struct {
	By        string  `json:"by"` // what grows, in the singular
	Points    []Point `json:"points"`
	Intercept float64 `json:"intercept"` // of the line through all samples, by least squares
	Slope     float64 `json:"slope"`     // what one more costs
	Exponent  float64 `json:"exponent"`  // k of the curve a·size^k: 0 is constant, 1 is linear
}

// Point is one size, and what was measured there.
type Point struct {
	Size    float64   `json:"size"`
	Samples []float64 `json:"samples"`
	P50     float64   `json:"p50"`
}

func (g *Growth) samples() int {
	n := 0
	for _, p := range g.Points {
		n += len(p.Samples)
	}
	return n
}

// fit draws the line and the curve through the samples; of two sizes at least.
func (g *Growth) fit() {
	var x, y, logX, logY []float64
	for i, p := range g.Points {
		if len(p.Samples) == 0 {
			continue
		}
		g.Points[i].P50 = Quantile(p.Samples, 0.5)
		for _, s := range p.Samples {
			x, y = append(x, p.Size), append(y, s)
			logX, logY = append(logX, math.Log(p.Size)), append(logY, math.Log(s))
		}
	}
	if !g.fitted() {
		return
	}
	g.Intercept, g.Slope = stat.LinearRegression(x, y, nil, false)
	_, g.Exponent = stat.LinearRegression(logX, logY, nil, false)
}

// fitted tells whether there are sizes enough to speak of growth.
func (g *Growth) fitted() bool {
	sizes := 0
	for _, p := range g.Points {
		if len(p.Samples) > 0 {
			sizes++
		}
	}
	return sizes >= 2
}

func valueOf(g *Growth) (float64, bool) {
	if g == nil || !g.fitted() {
		return 0, false
	}
	return g.Exponent, true
}
