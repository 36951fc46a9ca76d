//go:build integration

package main

import (
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// TestDownOfNothing asks a real Docker host for a stack that it does not have.
func TestDownOfNothing(t *testing.T) {
	t.Parallel()
	root := projecttest.New(t, "").Root
	for name, test := range map[string]struct {
		args []string
		code int
		text string // in either output
	}{
		"down of nothing": {[]string{"down", "-C", root, "--stack", "e-none"}, exitOK, "nothing to take down"},
		"purge unasked":   {[]string{"down", "-C", root, "--stack", "e-none", "--purge"}, exitUsage, "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, err := call(t.Context(), test.args...)
			if code != test.code || !strings.Contains(out+err, test.text) {
				t.Errorf("got %d, %q, %q, want %d with %q", code, out, err, test.code, test.text)
			}
		})
	}
}
