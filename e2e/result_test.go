//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// result is a command's exit code, output and duration.
type result struct {
	code int
	out  string
	took time.Duration
}

// must fails the test unless the command ended with code and its output contains all of want.
func (r result) must(t *testing.T, code int, want ...string) result {
	t.Helper()
	if r.code != code {
		fatal(t, fmt.Sprintf("got exit code %d, want %d; it printed:\n%s", r.code, code, r.out))
	}
	for _, w := range want {
		if !strings.Contains(r.out, w) {
			fatal(t, fmt.Sprintf("got output without %q:\n%s", w, r.out))
		}
	}
	return r
}

// failures are the messages that TestMain prints again: those of a test are far above the logs of
// its containers.
var failures struct {
	sync.Mutex
	messages []string
}

func fatal(t *testing.T, message string) {
	t.Helper()
	failures.Lock()
	failures.messages = append(failures.messages, t.Name()+": "+message)
	failures.Unlock()
	t.Fatal(message)
}
