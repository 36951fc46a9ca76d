// Package ui writes the launcher's output: plain, aligned lines, with a little colour
// on a terminal unless NO_COLOR is set. It turns Pulumi's engine events into such lines.
package ui

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
)

// Printer writes lines; it may be used by several goroutines.
type Printer struct {
	mu     sync.Mutex
	out    io.Writer
	colour bool
}

// NewPrinter returns a Printer on out. It colours only a terminal, and not with NO_COLOR.
func NewPrinter(out io.Writer) *Printer {
	return &Printer{out: out, colour: IsTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal tells whether f is a terminal.
func IsTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// Write passes bytes through, whole.
func (p *Printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Section starts a new section of the output.
func (p *Printer) Section(title string) {
	fmt.Fprintf(p, "\n%s\n", p.style("1", title))
}

// Line prints one indented line.
func (p *Printer) Line(format string, args ...any) {
	fmt.Fprintf(p, "  "+format+"\n", args...)
}

// State prints a line with a fixed-width first word, such as ok, failed or warning.
func (p *Printer) State(word, format string, args ...any) {
	code := map[string]string{"ok": "32", "success": "32", "failed": "31", "failure": "31", "warning": "33"}[word]
	padded := word + strings.Repeat(" ", max(0, 9-len(word)))
	fmt.Fprintf(p, "  %s %s\n", p.style(code, padded), fmt.Sprintf(format, args...))
}

func (p *Printer) style(code, text string) string {
	if !p.colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Table prints rows in aligned columns, indented.
func (p *Printer) Table(rows [][]string) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(w, "  %s\n", strings.Join(row, "\t"))
	}
	_ = w.Flush()
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(p, strings.TrimRight(line, " \n"))
	}
}

// Box prints lines in a frame of plain characters.
func (p *Printer) Box(lines []string) {
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(line))
	}
	edge := "+" + strings.Repeat("-", width+2) + "+"
	fmt.Fprintln(p, edge)
	for _, line := range lines {
		fmt.Fprintf(p, "| %s%s |\n", line, strings.Repeat(" ", width-utf8.RuneCountInString(line)))
	}
	fmt.Fprintln(p, edge)
}

// Duration formats d for people: 340ms, 4.2s, 1m12s.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// Bytes formats a size for people, in powers of 1024.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n)/unit, "KMGTP"
	at := 0
	for ; value >= unit && at < len(names)-1; at++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %ciB", value, names[at])
}
