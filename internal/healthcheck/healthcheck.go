// Package healthcheck has the health check of a container cost little once the container has
// started. Docker has one interval for both times, and starts a program in the container for
// each check: once a second, that is 4 % of a core.
package healthcheck

import (
	"context"
	"os"
	"time"
)

const (
	// starting is how long checks follow each other as Docker starts them.
	starting = 15 * time.Second
	// hold is how long a check waits after that time. A container's timeout of its check must
	// be longer, by the time of the check itself.
	hold = 10 * time.Second
)

// Hold waits before a check, unless the container has just started: since is the file that
// its program makes when it has. A container without it is checked at once.
func Hold(ctx context.Context, since string) {
	made, err := os.Stat(since)
	if err != nil || time.Since(made.ModTime()) < starting {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(hold):
	}
}
