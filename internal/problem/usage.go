package problem

import "errors"

// usage marks a mistake in how the program was called.
type usage struct{ err error }

func (u *usage) Error() string { return u.err.Error() }
func (u *usage) Unwrap() error { return u.err }

// Usage marks err as the user's mistake in calling the program, which has an exit
// code of its own.
func Usage(err error) error { return &usage{err} }

// IsUsage tells whether err was marked by Usage.
func IsUsage(err error) bool {
	var u *usage
	return errors.As(err, &u)
}
