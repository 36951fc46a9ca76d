package artifacts

import (
	"cmp"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Problem says which artifact could not be built or fetched, and what to do; nil
// stays nil. Advice that err has already goes before the general one.
func Problem(what string, err error) error {
	if err == nil {
		return nil
	}
	return problem.New("getting "+what, err, cmp.Or(problem.Next(err),
		"fix what it says and repeat; what is built already is kept (`pipeline build` builds the artifacts alone)"))
}
