package report

import (
	"fmt"
	"math"
	"strconv"
)

// Value is a figure for people, with its unit.
func Value(v float64, unit string) string {
	switch size := math.Abs(v); {
	case unit == Seconds && size < 1:
		return digits(v*1000) + " ms"
	case unit == Percent:
		return digits(v) + " %"
	}
	return digits(v) + " " + unit
}

// digits are three of the value, or all before the point.
func digits(v float64) string {
	switch size := math.Abs(v); {
	case size >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case size >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// number is a bound or a size, without needless digits.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
