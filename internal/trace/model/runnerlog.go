package model

import (
	"regexp"
	"strings"
	"time"
)

// span is from a moment to another.
type span struct{ from, to time.Time }

// shift is what a runner's own log tells of one task.
type shift struct {
	before span      // the fresh job engine that it was given; zero if there was none
	taken  time.Time // when it began
	ended  time.Time // when the forge had its result; zero if the log does not say
	after  span      // the fresh job engine after it
}

// What gitea-runner (1.0.8) writes into its own log: about a task, when it has
// reported it and ends, and when the next one, on a fresh job engine, asks for tasks.
var taskLine = regexp.MustCompile(`msg="task (\d+) repo is `)

const (
	endsMark  = "shutdown initiated"
	readyMark = "declare successfully"
)

// parseRunner reads the log of a runner's container, with Docker's times
// before each line, into its tasks by their number.
func parseRunner(log string) map[string]*shift {
	tasks := map[string]*shift{}
	var last *shift
	var fresh span
	for _, l := range parseLog(log) {
		switch task := taskLine.FindStringSubmatch(l.text); {
		case task != nil:
			last = &shift{before: fresh, taken: l.at}
			tasks[task[1]] = last
			fresh = span{}
		case strings.Contains(l.text, endsMark):
			fresh = span{from: l.at}
			if last != nil {
				last.ended = l.at
			}
		case strings.Contains(l.text, readyMark) && !fresh.from.IsZero():
			fresh.to = l.at
			if last != nil {
				last.after = fresh
			}
		}
	}
	return tasks
}

// sameTask is how far the runner's and the job's own word of a task's beginning
// may be apart: a forge that was restored counts its tasks from a lower number again.
const sameTask = time.Minute

// find returns the shift of a job that begins with the log line.
func find(runners []map[string]*shift, first line) *shift {
	task := received.FindStringSubmatch(first.text)
	if task == nil {
		return nil
	}
	for _, tasks := range runners {
		if s := tasks[task[1]]; s != nil && s.taken.Sub(first.at).Abs() < sameTask {
			return s
		}
	}
	return nil
}
