//go:build e2e

package e2e

import (
	"context"
	"errors"
	"os"
	"testing"
)

// shared is the stack of sharedStack, once a test has asked for it.
var shared *project

// sharedStack returns a running stack without a first run, for tests that leave it as it was,
// apart from what they push. Such a test is not parallel, or a part of TestOneStack, so that
// they have it one after the other. TestMain removes it.
func sharedStack(t *testing.T) *project {
	t.Helper()
	if shared == nil {
		dir, err := os.MkdirTemp("", "gitops-pipeline-e2e-shared-")
		if err != nil {
			t.Fatal(err)
		}
		shared = newProjectIn(t, dir, nil)
		shared.bundled = true
		shared.run(t.Context(), shared.upArgs()...).must(t, 0, "is up")
	}
	p := *shared
	p.t = t
	t.Cleanup(p.logFailure)
	return &p
}

// removeShared removes the shared stack and its directory.
func removeShared() error {
	if shared == nil || os.Getenv("E2E_KEEP") != "" {
		return nil
	}
	if r := shared.run(context.Background(), "down", "--purge", "--yes"); r.code != 0 {
		return errors.New(r.out)
	}
	return os.RemoveAll(shared.dir)
}
