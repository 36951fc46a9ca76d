// Package taskevents tells the runners of a stack when the forge may have a task for them, so
// that none has to ask several times a second. Gitea calls a webhook for each job whose state
// changes (docs/adr/0030-runners-wait-for-events.md).
package taskevents

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// Path is where the server receives events, by POST, and where runners wait, by GET.
const Path = "/tasks"

// Hold is how long a runner waits for an event at most. After it, the runner asks the forge for
// a task all the same: the forge takes one that does not ask for a minute to be offline.
const Hold = 10 * time.Second

// clientTime bounds one request of a runner.
const clientTime = Hold + 5*time.Second

// Server counts events.
type Server struct {
	mu      sync.Mutex
	count   uint64
	changed chan struct{} // closed by the next event
}

// NewServer returns a server whose count is not that of an earlier one.
func NewServer() *Server {
	return &Server{count: uint64(time.Now().UnixNano()), changed: make(chan struct{})}
}

// Add counts an event.
func (s *Server) Add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait returns the count, when it is not after any more or ctx ends.
func (s *Server) wait(ctx context.Context, after uint64) uint64 {
	s.mu.Lock()
	count, changed := s.count, s.changed
	s.mu.Unlock()
	if count != after {
		return count
	}
	select {
	case <-ctx.Done():
		return count
	case <-changed:
		return s.wait(ctx, after)
	}
}

// answer is what a runner gets.
type answer struct {
	Count uint64 `json:"count"`
}

// ServeHTTP counts a POST, and answers a GET when there was an event after the runner's last
// count, or at the end of Hold.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.Add()
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
		if err != nil {
			http.Error(w, "after is no number", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), Hold)
		defer cancel()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer{s.wait(ctx, after)}) // a runner that has gone
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// Client is a runner's way to the server.
type Client struct{ server *stackhttp.Client }

// NewClient returns a client of the server at an address such as http://forge:31009.
func NewClient(address, secret string) *Client {
	return &Client{stackhttp.NewClient(address, secret, clientTime)}
}

// Add has all runners ask for a task.
func (c *Client) Add(ctx context.Context) error {
	return c.server.Do(ctx, http.MethodPost, Path, nil, nil)
}

// Wait returns the server's count when it is another than after, or after itself at the end of Hold.
func (c *Client) Wait(ctx context.Context, after uint64) (uint64, error) {
	var a answer
	query := url.Values{"after": {strconv.FormatUint(after, 10)}}
	err := c.server.Do(ctx, http.MethodGet, Path+"?"+query.Encode(), nil, &a)
	return a.Count, err
}
