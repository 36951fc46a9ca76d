// Package model puts the records of one workflow run together into a timeline:
// where its time went.
//
// The forge records times in whole seconds. The jobs' logs are precise to less
// than a millisecond; a moment that only the forge knows is put into the middle
// of what its second and the log allow, and marked as approximate.
package model

import "time"

// Timeline is one workflow run from being queued to its last job's end.
type Timeline struct {
	Number     int64     `json:"number"`
	Title      string    `json:"title"`
	Commit     string    `json:"commit"`
	Branch     string    `json:"branch,omitempty"`
	Event      string    `json:"event"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion,omitempty"`
	URL        string    `json:"url"`
	Queued     time.Time `json:"queuedAt"`
	About      bool      `json:"approximate,omitempty"` // Queued or End is known to the second only
	End        time.Time `json:"endedAt"`               // of a run that is not completed: now
	Jobs       []Job     `json:"jobs"`
	Shares     Shares    `json:"shares"`
	Notes      []string  `json:"notes,omitempty"` // what could not be seen
}

// Took is the time from being queued to the end.
func (t Timeline) Took() time.Duration { return t.End.Sub(t.Queued) }

// Job is one job of the run. Its segments follow one another without a gap, so
// that they sum up to its length.
type Job struct {
	Name       string    `json:"name"`
	Runner     string    `json:"runner,omitempty"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion,omitempty"`
	Needs      []string  `json:"needs,omitempty"`
	Start      time.Time `json:"startedAt"` // when the run was queued
	End        time.Time `json:"endedAt"`
	Segments   []Segment `json:"segments"`
	NotRun     []string  `json:"notRun,omitempty"`         // steps that did not begin
	JobEngine  *Segment  `json:"freshJobEngine,omitempty"` // what its runner did before it took another job
}

// Kind is what the time of a segment was for.
type Kind string

// The kinds. Needs and Queue are waiting, Step is the workflow's own work, and
// the rest is the runner's.
const (
	Needs     Kind = "needs"      // for the jobs that it needs
	Queue     Kind = "queue"      // until a runner took it
	Setup     Kind = "setup"      // until the first step
	Step      Kind = "step"       // one step
	Between   Kind = "between"    // the runner between two steps
	Finish    Kind = "finish"     // from the last step's end to the report
	JobEngine Kind = "job-engine" // a fresh job engine, after the job
	Part      Kind = "part"       // of a step
)

// Segment is a stretch of time. The parts of a step lie within it.
type Segment struct {
	Kind       Kind      `json:"kind"`
	Name       string    `json:"name"`
	Start      time.Time `json:"startedAt"`
	End        time.Time `json:"endedAt"`
	Seconds    float64   `json:"seconds"`
	About      bool      `json:"approximate,omitempty"` // an end of it is known to the second only
	Conclusion string    `json:"conclusion,omitempty"`  // of a step; "" while it runs
	Parts      []Segment `json:"parts,omitempty"`
}

// Took is the segment's length.
func (s Segment) Took() time.Duration { return s.End.Sub(s.Start) }

func segment(kind Kind, name string, from, to time.Time) Segment {
	return Segment{Kind: kind, Name: name, Start: from, End: to, Seconds: to.Sub(from).Seconds()}
}
