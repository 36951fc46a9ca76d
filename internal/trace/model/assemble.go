package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"code.gitea.io/sdk/gitea"
)

// Records are what is known of a run.
type Records struct {
	Run      *gitea.ActionWorkflowRun
	Jobs     []*gitea.ActionWorkflowJob
	Logs     map[int64]string // of the jobs, by their ID
	Runners  []string         // logs of the runners' containers, with Docker's times
	Workflow []byte           // the file; nil if it cannot be read
	Now      time.Time
	Notes    []string // what could not be read, and why
}

// assembly is the making of a timeline.
type assembly struct {
	Records
	runners []map[string]*shift
	needs   map[string][]string // by the jobs' names
	queued  moment
	jobs    []*jobRecord
}

// jobRecord is what is known of one job.
type jobRecord struct {
	*gitea.ActionWorkflowJob
	lines []line
	shift *shift // nil when its runner's log is not there
	begun moment // zero: it has not
	end   moment
}

func (j *jobRecord) completed() bool { return j.Status == "completed" }

// Assemble makes the timeline of what is known.
func Assemble(r Records) Timeline {
	a := &assembly{Records: r}
	for _, log := range r.Runners {
		a.runners = append(a.runners, parseRunner(log))
	}
	var names []string
	for _, job := range a.attempt() {
		a.jobs = append(a.jobs, a.record(job))
		names = append(names, job.Name)
	}
	if r.Workflow != nil {
		var err error
		if a.needs, err = needs(r.Workflow, names); err != nil {
			a.note("waiting for other jobs is counted as waiting for a runner: %v", err)
		}
	}
	a.queued = a.queueing()
	t := Timeline{
		Number: r.Run.RunNumber, Title: Plain(r.Run.DisplayTitle), Commit: r.Run.HeadSha, Branch: Plain(r.Run.HeadBranch), Event: r.Run.Event,
		Status: r.Run.Status, Conclusion: r.Run.Conclusion, URL: r.Run.HTMLURL,
		Queued: a.queued.at, About: a.queued.about, End: a.queued.at, Jobs: []Job{},
	}
	if r.Run.Status != "completed" {
		t.End = r.Now
	}
	for _, j := range a.jobs {
		job := a.job(j)
		t.Jobs = append(t.Jobs, job)
		if job.End.After(t.End) {
			t.End = job.End
			t.About = a.queued.about || j.end.about
		}
	}
	t.Shares = shares(t)
	t.Notes = a.Notes
	return t
}

// attempt is the jobs without those that ended before the run was started
// again: the forge forgets when it was first.
func (a *assembly) attempt() []*gitea.ActionWorkflowJob {
	var jobs []*gitea.ActionWorkflowJob
	for _, job := range a.Jobs {
		if Known(job.CompletedAt) && Known(a.Run.StartedAt) && job.CompletedAt.Before(a.Run.StartedAt) {
			a.note("job %s ended in an earlier attempt and is left out", Plain(job.Name))
			continue
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// record reads the logs of one job, and finds its beginning and end.
func (a *assembly) record(job *gitea.ActionWorkflowJob) *jobRecord {
	j := &jobRecord{ActionWorkflowJob: job, lines: parseLog(a.Logs[job.ID])}
	j.Name = Plain(j.Name)
	for _, s := range j.Steps {
		s.Name = Plain(s.Name)
	}
	var last time.Time
	ended := false
	if len(j.lines) > 0 {
		j.shift = find(a.runners, j.lines[0])
		j.begun = exactly(j.lines[0].at)
		last = j.lines[len(j.lines)-1].at
		ended = slices.ContainsFunc(j.lines, func(l line) bool { return isEnd(l.text) })
	} else if Known(job.StartedAt) {
		j.begun = within(job.StartedAt, time.Time{}, time.Time{})
	}
	switch {
	case !j.completed():
		j.end = exactly(a.Now)
	case j.shift != nil && j.shift.ended.After(last):
		j.end = exactly(j.shift.ended)
	case ended:
		j.end = exactly(last)
	default:
		j.end = within(job.CompletedAt, last, time.Time{})
		if len(j.lines) > 0 {
			a.note("the log of job %s stops before its end: the job was interrupted", j.Name)
		}
	}
	return j
}

// queueing is when the run was queued: before the first job's first line. The
// forge does not tell when a run was started again.
func (a *assembly) queueing() moment {
	var first, second time.Time
	again := false
	for _, j := range a.jobs {
		if at := j.begun.at; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
		if second.IsZero() || j.CreatedAt.Before(second) {
			second = j.CreatedAt
		}
		again = again || j.RunAttempt > 1
	}
	if !again {
		return within(second, time.Time{}, first)
	}
	a.note("this is not the run's first attempt; when it was asked for is not recorded, so the first job's waiting is not shown")
	if first.IsZero() {
		first = a.Now
	}
	return exactly(first)
}

func (a *assembly) note(format string, args ...any) {
	a.Notes = append(a.Notes, fmt.Sprintf(format, args...))
}

// Plain is text from outside without what a terminal or an XML reader would obey.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
