// Package problem gives errors the three parts a user needs: what failed, why,
// and what to do next.
package problem

import "errors"

// Problem is an error with advice.
type Problem struct {
	What string // what failed, as a clause
	Why  error  // the cause; may be nil
	Next string // what to do now; may be empty
}

// New returns a Problem.
func New(what string, why error, next string) error {
	return &Problem{What: what, Why: why, Next: next}
}

// Error returns what failed and why, without the advice.
func (p *Problem) Error() string {
	if p.Why == nil {
		return p.What
	}
	return p.What + ": " + p.Why.Error()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Why }

// Next returns the advice that err carries, or "".
func Next(err error) string {
	var p *Problem
	if errors.As(err, &p) {
		if p.Next != "" || p.Why == nil {
			return p.Next
		}
		return Next(p.Why)
	}
	return ""
}
