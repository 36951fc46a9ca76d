package model

import (
	"regexp"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
)

// line is one line of a job's log.
type line struct {
	at   time.Time
	text string
}

// parseLog reads a job's log; what has no time belongs to the line before.
func parseLog(log string) []line {
	var lines []line
	for text := range strings.Lines(log) {
		stamp, rest, _ := strings.Cut(strings.TrimRight(text, "\r\n"), " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			lines = append(lines, line{at, rest})
		}
	}
	return lines
}

// received is the first line of a job's log; it names the runner's task.
var received = regexp.MustCompile(`received task (\d+) of job`)

// What gitea-runner (1.0.8) writes into a job's log at the beginning of each
// part of its own work.
const (
	pullMark   = "docker pull image="
	createMark = "docker create image="
	startMark  = "docker run image="
	postMark   = "Run Post "
	cleanMark  = "Cleaning up container for job "
	endGroup   = "::endgroup::"
)

// isEnd tells the runner's verdict, its last word but for an empty line.
func isEnd(text string) bool { return text == "Job succeeded" || text == "Job failed" }

// header is the line by which the runner begins a step; it prints it right
// before it starts the step's command. The group that it opens ends at close.
const header = "::group::Run "

// headers returns for each step the index of its header in the log, or -1.
// Actions print headers of their own steps inside theirs, and only the title of
// a step without a name can be told from the log: the rest is a matter of the
// order, the nesting and the forge's seconds.
func headers(lines []line, steps []*gitea.ActionWorkflowStep) []int {
	type candidate struct{ index, depth int }
	var all []candidate
	depth := 0
	for i, l := range lines {
		switch {
		case strings.HasPrefix(l.text, "::group::"):
			if strings.HasPrefix(l.text, header) {
				all = append(all, candidate{i, depth})
			}
			depth++
		case l.text == endGroup:
			depth = max(0, depth-1)
		}
	}
	found := make([]int, len(steps))
	after := -1
	for n, step := range steps {
		found[n] = -1
		if !ran(step) {
			continue
		}
		best, bestScore := -1, 0
		for _, c := range all {
			l := lines[c.index]
			if c.index <= after || l.at.Before(step.StartedAt) ||
				Known(step.CompletedAt) && !l.at.Before(step.CompletedAt.Add(time.Second)) {
				continue
			}
			score := 1
			if c.depth == 0 {
				score = 2
			}
			if title := strings.TrimPrefix(l.text, "::group::"); title == step.Name || title == "Run "+step.Name {
				score = 3
			}
			if score > bestScore {
				best, bestScore = c.index, score
			}
		}
		if found[n] = best; best >= 0 {
			after = best
		}
	}
	return found
}

// afterSteps is the index in the log where the runner continues after the last
// step: with the actions' posts, or with cleaning up.
func afterSteps(lines []line, steps []*gitea.ActionWorkflowStep, found []int) int {
	from, not := 0, time.Time{}
	for n, step := range steps {
		from = max(from, found[n]+1)
		if !ran(step) {
			continue
		}
		if !Known(step.CompletedAt) {
			return len(lines)
		}
		not = step.CompletedAt
	}
	for i := from; i < len(lines); i++ {
		text := lines[i].text
		if !lines[i].at.Before(not) && (strings.HasPrefix(text, postMark) || strings.HasPrefix(text, cleanMark) || isEnd(text)) {
			return i
		}
	}
	return len(lines)
}

// output is the index of the last line that a step wrote between its header and
// the line next, before the limit, or -1. The header's own block and the runner's
// word about a failure, which comes later, are none.
func output(lines []line, head, next int, limit time.Time) int {
	first := head + 1
	for first < next && lines[first].text != endGroup && !strings.HasPrefix(lines[first].text, "::group::") {
		first++
	}
	for i := next - 1; i > first; i-- {
		if lines[i].at.Before(limit) && !strings.HasPrefix(lines[i].text, "##[error]") {
			return i
		}
	}
	return -1
}

// pushed is what docker prints when a tag has been pushed.
var pushed = regexp.MustCompile(`^(\S+): digest: sha256:`)

// pushParts are the login and the pushes that a step's output shows.
func pushParts(lines []line) []Segment {
	var parts []Segment
	start := time.Time{}
	for i, l := range lines {
		switch {
		case l.text == "Login Succeeded":
			parts = append(parts, segment(Part, "docker login", lines[0].at, l.at))
		case strings.HasPrefix(l.text, "The push refers to repository"):
			start = l.at
			if i > 0 && len(parts) > 0 {
				start = parts[len(parts)-1].End // the client's own start is part of it
			}
		case !start.IsZero():
			if tag := pushed.FindStringSubmatch(l.text); tag != nil {
				parts = append(parts, segment(Part, "push "+short(tag[1]), start, l.at))
				start = time.Time{}
			}
		}
	}
	return parts
}

// short shortens what is a commit.
func short(tag string) string {
	if commit.MatchString(tag) {
		return tag[:8]
	}
	return tag
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// ran tells whether a step began.
func ran(step *gitea.ActionWorkflowStep) bool {
	return Known(step.StartedAt) && step.Conclusion != "skipped"
}

// Known tells a time from the forge's zeroes.
func Known(t time.Time) bool { return t.Year() > 2000 }
