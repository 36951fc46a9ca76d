package taskevents

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// TestWait holds that no event is missed, whenever it comes, and that each is told once.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewServer()
		first := s.wait(t.Context(), 0)
		if first == 0 || s.wait(t.Context(), 0) != first {
			t.Fatalf("got the count %d, want one of its own, at once", first)
		}
		waits := make(chan uint64)
		for range 2 {
			go func() { waits <- s.wait(t.Context(), first) }()
		}
		time.Sleep(time.Second)
		s.Add()
		for range 2 {
			if got := <-waits; got != first+1 {
				t.Errorf("got %d, want %d", got, first+1)
			}
		}
		s.Add() // while nobody waits
		s.Add()
		if got := s.wait(t.Context(), first+1); got != first+3 {
			t.Errorf("got %d, want %d at once", got, first+3)
		}
		if got := NewServer().wait(t.Context(), first+3); got == first+3 {
			t.Error("a server that has started again has the count of the earlier one")
		}
	})
}

// TestServer has a client, an event and a wrong secret over HTTP.
func TestServer(t *testing.T) {
	t.Parallel()
	s := NewServer()
	server := httptest.NewServer(stackhttp.RequireBearer("secret", s))
	t.Cleanup(server.Close)
	c := NewClient(server.URL, "secret")
	count, err := c.Wait(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Add(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Wait(t.Context(), count); err != nil || got != count+1 {
		t.Errorf("got %d, %v after an event, want %d", got, err, count+1)
	}
	wrong := NewClient(server.URL, "wrong")
	if _, err := wrong.Wait(t.Context(), 0); err == nil {
		t.Error("a client with a wrong secret is answered")
	}
	if err := wrong.Add(t.Context()); err == nil {
		t.Error("a client with a wrong secret makes an event")
	}
	if resp, err := http.Get(server.URL + Path + "?after=x"); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %v, %v without a secret", resp, err)
	}
}
