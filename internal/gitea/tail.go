package gitea

import (
	"regexp"
	"strings"
	"time"
)

// failureLine is where the runner reports that a step failed.
var failureLine = regexp.MustCompile(`Failure - Main|^##\[error\]`)

// telling are lines that name a failure: a Go test's, a compiler's, a panic.
var telling = regexp.MustCompile(`--- FAIL:|\.go:\d+(:\d+)?: |^panic: `)

// most is how many telling lines are shown from before the tail.
const most = 15

// Tail returns the end of a job's log, n lines up to where the runner reports
// the failed step (what follows is only the cleaning up), and before them the
// lines further up that name a failure: a verbose test run prints much after it.
func Tail(log string, n int) []string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		stamp, rest, ok := strings.Cut(line, " ")
		if _, err := time.Parse(time.RFC3339Nano, stamp); ok && err == nil {
			line = rest
		}
		lines[i] = line
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if failureLine.MatchString(lines[i]) {
			lines = lines[:i+1]
			break
		}
	}
	start := max(0, len(lines)-n)
	var before []string
	for _, line := range lines[:start] {
		if telling.MatchString(line) {
			before = append(before, line)
		}
	}
	if before = before[max(0, len(before)-most):]; len(before) > 0 {
		before = append(before, "...")
	}
	return append(before, lines[start:]...)
}
