// Package environment reads a program's configuration from its environment variables and
// collects all that is wrong with it.
package environment

import (
	"errors"
	"fmt"
	"strconv"
)

// Reader reads environment variables.
type Reader struct {
	Getenv func(name string) string // os.Getenv, outside of tests
	errs   []error
}

// Required is the value of a variable that must be set.
func (r *Reader) Required(name string) string {
	value := r.Getenv(name)
	if value == "" {
		r.errs = append(r.errs, fmt.Errorf("the environment variable %s is not set", name))
	}
	return value
}

// Boolean is the value of a variable that is true or false, or false if it is not set.
func (r *Reader) Boolean(name string) bool {
	value := r.Getenv(name)
	if value == "" {
		return false
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		r.Wrong(name, "true or false")
	}
	return on
}

// Wrong notes that a variable has a wrong value. want describes a right one.
func (r *Reader) Wrong(name, want string) {
	r.errs = append(r.errs, fmt.Errorf("%s is %q, want %s", name, r.Getenv(name), want))
}

// Err returns all that was wrong, or nil.
func (r *Reader) Err() error { return errors.Join(r.errs...) }
