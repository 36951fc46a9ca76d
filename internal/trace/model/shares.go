package model

import (
	"slices"
	"time"
)

// Shares tells what a run's time was for, in seconds. A moment in which one job
// worked and another waited counts as work.
type Shares struct {
	Waiting float64 `json:"waitingSeconds"`
	Runner  float64 `json:"runnerSeconds"` // set-up, between steps, and cleaning up
	Steps   float64 `json:"stepsSeconds"`
}

// rank orders what counts when jobs overlap.
func (k Kind) rank() int {
	switch k {
	case Step:
		return 2
	case Setup, Between, Finish:
		return 1
	default:
		return 0
	}
}

func shares(t Timeline) Shares {
	edges := []time.Time{t.Queued, t.End}
	var all []Segment
	for _, j := range t.Jobs {
		for _, s := range j.Segments {
			all = append(all, s)
			edges = append(edges, s.Start, s.End)
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	var sums [3]float64
	for i, from := range edges[:len(edges)-1] {
		rank := 0
		for _, s := range all {
			if !s.Start.After(from) && s.End.After(from) {
				rank = max(rank, s.Kind.rank())
			}
		}
		sums[rank] += edges[i+1].Sub(from).Seconds()
	}
	return Shares{Waiting: sums[0], Runner: sums[1], Steps: sums[2]}
}
