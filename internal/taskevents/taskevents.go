// Package taskevents tells the runners of a stack when the forge may have a task for them, so
// that none has to ask several times a second. Gitea calls a webhook for each job whose state
// changes (docs/adr/0030-runners-wait-for-events.md).
package taskevents

import (
	"context"
	"encoding/json"
	"fmt"
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
type Client struct {
	address, secret string
	http            http.Client
}

// NewClient returns a client of the server at an address such as http://forge:31009.
func NewClient(address, secret string) *Client {
	return &Client{address: address, secret: secret, http: http.Client{Timeout: clientTime, Transport: stackhttp.Transport()}}
}

// Add has all runners ask for a task.
func (c *Client) Add(ctx context.Context) error { return c.send(ctx, http.MethodPost, "", nil) }

// Wait returns the server's count when it is another than after, or after itself at the end of Hold.
func (c *Client) Wait(ctx context.Context, after uint64) (uint64, error) {
	var a answer
	err := c.send(ctx, http.MethodGet, "?"+url.Values{"after": {strconv.FormatUint(after, 10)}}.Encode(), &a)
	return a.Count, err
}

// send sends a request, and reads its answer into a unless that is nil.
func (c *Client) send(ctx context.Context, method, query string, a *answer) error {
	req, err := http.NewRequestWithContext(ctx, method, c.address+Path+query, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s of the forge's events: %s", method, resp.Status)
	}
	if a == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(a); err != nil {
		return fmt.Errorf("reading the forge's events: %w", err)
	}
	return nil
}
