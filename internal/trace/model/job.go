package model

import (
	"strings"
	"time"
)

// job cuts the time of one job, from the run's queueing to the job's end, into segments.
func (a *assembly) job(j *jobRecord) Job {
	job := Job{
		Name: j.Name, Runner: j.RunnerName, Status: j.Status, Conclusion: j.Conclusion,
		Needs: a.needs[j.Name], Start: a.queued.at, End: j.end.at, Segments: []Segment{},
	}
	if j.Conclusion == "skipped" || j.completed() && j.begun.at.IsZero() {
		job.End = job.Start // it took no time of anyone
	} else {
		c := &cut{}
		a.waiting(c, j)
		if !j.begun.at.IsZero() {
			found := headers(j.lines, j.Steps)
			tail := afterSteps(j.lines, j.Steps, found)
			first := tail
			for _, h := range found {
				if h >= 0 {
					first = min(first, h)
				}
			}
			setup(c, j, first)
			job.NotRun = steps(c, j, found, tail)
			finish(c, j.lines[tail:])
		}
		c.end(j.end)
		job.Segments = c.segments
	}
	if j.shift != nil && !j.shift.after.to.IsZero() {
		fresh := segment(JobEngine, "fresh job engine", j.shift.after.from, j.shift.after.to)
		job.JobEngine = &fresh
	}
	return job
}

// waiting is until the job begins: for the jobs that it needs, then for a runner
// and the runner for its job engine.
func (a *assembly) waiting(c *cut, j *jobRecord) {
	free := a.queued
	for _, other := range a.jobs {
		for _, name := range a.needs[j.Name] {
			if other.Name == name && other.end.at.After(free.at) {
				free = other.end
			}
		}
	}
	if free != a.queued {
		c.begin(a.queued, Needs, "wait for "+strings.Join(a.needs[j.Name], ", "))
		if free.at.After(j.begun.at) && !j.begun.at.IsZero() {
			free.at = j.begun.at // the forge was quicker than the runner's last word
		}
	}
	c.begin(free, Queue, "wait for a runner")
	if j.begun.at.IsZero() {
		return
	}
	if j.shift != nil && j.shift.before.to.After(free.at) && j.shift.before.to.Before(j.begun.at) {
		if from := j.shift.before.from; from.After(free.at) {
			c.begin(exactly(from), Queue, "wait for a fresh job engine")
		} else {
			c.segments[len(c.segments)-1].Name = "wait for a fresh job engine"
		}
		c.begin(exactly(j.shift.before.to), Queue, "pick-up")
	}
}

// setup is from the job's first line to its first step.
func setup(c *cut, j *jobRecord, first int) {
	c.begin(j.begun, Setup, "prepare")
	starting := false
	for _, l := range j.lines[:first] {
		at := exactly(l.at)
		switch {
		case strings.HasPrefix(l.text, pullMark):
			c.begin(at, Setup, "image check")
		case strings.HasPrefix(l.text, createMark):
			c.begin(at, Setup, "container create")
		case strings.HasPrefix(l.text, startMark):
			c.begin(at, Setup, "container start")
			starting = true
		case l.text == endGroup && starting:
			c.begin(at, Setup, "get actions")
			starting = false
		}
	}
}

// steps is from the first step to the end of the last; tail is where the log
// continues after that. It returns the names of those that did not begin.
func steps(c *cut, j *jobRecord, found []int, tail int) (notRun []string) {
	for n, step := range j.Steps {
		if !ran(step) {
			notRun = append(notRun, step.Name)
			continue
		}
		next, last := tail, true // where the log continues with something else
		for later := len(j.Steps) - 1; later > n; later-- {
			last = last && !ran(j.Steps[later])
			if found[later] >= 0 {
				next = found[later]
			}
		}
		var before time.Time
		if next < len(j.lines) {
			before = j.lines[next].at
		}
		begin := within(step.StartedAt, time.Time{}, before)
		var parts []Segment
		if h := found[n]; h >= 0 {
			begin = exactly(j.lines[h].at)
			parts = pushParts(j.lines[h:next])
		}
		s := c.begin(begin, Step, step.Name)
		s.Conclusion, s.Parts = step.Conclusion, parts
		if !Known(step.CompletedAt) {
			continue // it runs
		}
		end := stepEnd(j.lines, found[n], next, step.CompletedAt, before)
		if last && (j.completed() || tail < len(j.lines)) {
			c.begin(end, Finish, "post steps")
		} else {
			c.begin(end, Between, "between steps")
		}
	}
	return notRun
}

// stepEnd is when a step ended: with the last line it wrote, if the forge's
// second agrees; a command that ends in silence leaves only that second.
func stepEnd(lines []line, head, next int, second, before time.Time) moment {
	if head < 0 {
		return within(second, time.Time{}, before)
	}
	after := lines[head].at
	if last := output(lines, head, next, second.Add(time.Second)); last >= 0 {
		if after = lines[last].at; !after.Before(second) {
			return exactly(after)
		}
	}
	return within(second, after, before)
}

// finish is after the steps.
func finish(c *cut, lines []line) {
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l.text, cleanMark):
			c.begin(exactly(l.at), Finish, "container remove")
		case isEnd(l.text):
			c.begin(exactly(l.at), Finish, "report")
		}
	}
}
