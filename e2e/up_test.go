//go:build e2e

package e2e

import (
	"slices"
	"strconv"
)

// up brings the stack up on its own ports, with images from source.
func (p *project) up(more ...string) result {
	return p.run(p.t.Context(), slices.Concat([]string{"up"}, p.settings(), more)...)
}

// upArgs returns the arguments of an up on the stack's ports that pushes nothing.
func (p *project) upArgs() []string {
	return slices.Concat([]string{"up", "-c", "seed=false"}, p.settings())
}

// settings returns the configuration that all stacks of tests have.
func (p *project) settings() []string {
	return []string{
		"-c", "images=source", "-c", "actions.bundled=" + strconv.FormatBool(p.bundled),
		"-c", "httpPort=" + strconv.Itoa(p.http), "-c", "sshPort=" + strconv.Itoa(p.ssh),
	}
}
