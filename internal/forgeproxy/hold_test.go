package forgeproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"google.golang.org/protobuf/proto"
)

// counts answers each wait with the next of its counts, and notes what was asked.
type counts struct {
	next  []uint64
	asked []uint64
}

func (c *counts) Wait(_ context.Context, after uint64) (uint64, error) {
	c.asked = append(c.asked, after)
	if len(c.next) == 0 {
		return 0, errors.New("down")
	}
	now := c.next[0]
	c.next = c.next[1:]
	return now, nil
}

// TestHold has a runner ask for tasks: what waits, and from which count, and that every
// question reaches the forge.
func TestHold(t *testing.T) {
	t.Parallel()
	var questions atomic.Int32
	var task, refuse atomic.Bool
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var question runnerv1.FetchTaskRequest
		if err := proto.Unmarshal(body, &question); err != nil {
			t.Errorf("the forge got %q, %v", body, err)
		}
		questions.Add(1)
		if refuse.Load() {
			http.Error(w, "unregistered runner", http.StatusUnauthorized)
			return
		}
		answer := &runnerv1.FetchTaskResponse{TasksVersion: 5}
		if task.Load() {
			answer.Task = taskOf(t, 1, push("refs/heads/main"))
		}
		text, _ := proto.Marshal(answer)
		_, _ = w.Write(text)
	}))
	t.Cleanup(forge.Close)
	events := &counts{next: []uint64{70, 71, 71}}
	p := &Proxy{Target: strings.TrimPrefix(forge.URL, "http://"), Tasks: events, Log: slog.New(slog.DiscardHandler)}
	proxy := httptest.NewServer(p.Handler())
	t.Cleanup(proxy.Close)
	ask := func(version int64) {
		t.Helper()
		body, err := proto.Marshal(&runnerv1.FetchTaskRequest{TasksVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		before := questions.Load()
		resp, err := http.Post(proxy.URL+service+"FetchTask", "application/proto", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if questions.Load() != before+1 {
			t.Errorf("the forge got %d questions for one", questions.Load()-before)
		}
	}
	check := func(when string, want ...uint64) {
		t.Helper()
		if !slices.Equal(events.asked, want) {
			t.Fatalf("%s: got waits after %v, want %v", when, events.asked, want)
		}
	}
	ask(0)
	check("a runner that has just started")
	ask(5)
	check("its first wait", 0)
	ask(5)
	check("an event", 0, 70)
	ask(5)
	check("no event", 0, 70, 71)
	ask(5)
	check("the forge's service is down", 0, 70, 71, 71)

	// A task without an event: the next questions do not wait, as events cannot be relied on.
	events.next = []uint64{71}
	task.Store(true)
	ask(5)
	check("a task without an event", 0, 70, 71, 71, 71)
	task.Store(false)
	ask(5)
	ask(5)
	check("after it", 0, 70, 71, 71, 71)

	// A forge that does not know the runner: the next questions do not wait, so that it is found soon.
	p.askAllTheTime(-1)
	events.next = []uint64{72, 73}
	refuse.Store(true)
	ask(5)
	check("a refusal", 0, 70, 71, 71, 71, 71)
	ask(5)
	check("after it", 0, 70, 71, 71, 71, 71)
}
