package lifecycle

import (
	"regexp"
	"strings"
)

var compilerLine = regexp.MustCompile(`\S+\.go:\d+(:\d+)?: .*`)

// compilerLines are the Go compiler's own lines in a build's log.
func compilerLines(log string) []string {
	return unique(compilerLine.FindAllString(log, 5))
}

// unique drops repeated texts, and Pulumi's summary, which says nothing.
func unique(texts []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] && text != "update failed" {
			seen[text] = true
			kept = append(kept, text)
		}
	}
	return kept
}

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-n):]
}
