package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// engines hands out what the test gives it, and records how each request ended.
type engines struct {
	asked, free, released chan struct{}
	ended                 chan error
}

func newEngines() *engines {
	return &engines{asked: make(chan struct{}, 9), free: make(chan struct{}), released: make(chan struct{}, 9), ended: make(chan error, 9)}
}

func (e *engines) Acquire(ctx context.Context) (err error) {
	e.asked <- struct{}{}
	defer func() { e.ended <- err }()
	select {
	case <-e.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *engines) Release() { e.released <- struct{}{} }

func (e *engines) Probe(_ context.Context, url string) error {
	if url != "http://localhost:3000/x?a=b" {
		return errors.New("no route to " + url)
	}
	return nil
}

// serve runs a server until the returned function is called.
func serve(t *testing.T, socket string, e Engines) (stop func()) {
	t.Helper()
	l, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, e) }()
	stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	}
	t.Cleanup(stop)
	return stop
}

func newSocket(t *testing.T) string { return filepath.Join(t.TempDir(), "control", "control.sock") }

func TestAcquireWaitsForAnEngine(t *testing.T) {
	t.Parallel()
	e, socket := newEngines(), newSocket(t)
	serve(t, socket, e)
	got := make(chan error, 1)
	go func() { got <- Client{Socket: socket}.Acquire(t.Context()) }()
	select {
	case err := <-got:
		t.Fatalf("got %v before there was an engine", err)
	case e.free <- struct{}{}:
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestAcquireIsCancelledWithItsClient(t *testing.T) {
	t.Parallel()
	e, socket := newEngines(), newSocket(t)
	serve(t, socket, e)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { got <- Client{Socket: socket}.Acquire(ctx) }()
	<-e.asked
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v from the client, want that it was cancelled", err)
	}
	if err := <-e.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v on the server, want that the wait was cancelled", err)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	e, socket := newEngines(), newSocket(t)
	serve(t, socket, e)
	if err := (Client{Socket: socket}).Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-e.released:
	default:
		t.Error("the answer came before the release was recorded")
	}
}

// TestClientWaitsForARestart has the server away at first, and a second time in the
// middle of a request.
func TestClientWaitsForARestart(t *testing.T) {
	t.Parallel()
	e, socket := newEngines(), newSocket(t)
	got := make(chan error, 1)
	go func() { got <- Client{Socket: socket}.Acquire(t.Context()) }()
	stop := serve(t, socket, refusing{e})
	<-e.ended //nolint:errcheck // that it has ended is what counts
	stop()
	serve(t, socket, e)
	e.free <- struct{}{}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// refusing ends with its server while a request waits.
type refusing struct{ *engines }

func (r refusing) Acquire(ctx context.Context) error {
	r.ended <- nil
	<-ctx.Done()
	select {} // the connection ends without an answer
}

func TestClientSaysWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*retryInterval)
	defer cancel()
	err := Client{Socket: newSocket(t)}.Acquire(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "control.sock") {
		t.Errorf("got %v, want the deadline and the socket", err)
	}
}

func TestListenReplacesWhatAKilledServerLeft(t *testing.T) {
	t.Parallel()
	socket := newSocket(t)
	for range 2 {
		if _, err := Listen(socket); err != nil { // not closed: its socket stays
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("got mode %v, want 0700", info.Mode().Perm())
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	socket := newSocket(t)
	serve(t, socket, newEngines())
	if err := (Client{Socket: socket}).Probe(t.Context(), "http://localhost:3000/x?a=b"); err != nil {
		t.Error(err)
	}
	if err := (Client{Socket: socket}).Probe(t.Context(), "http://other"); err == nil || !strings.Contains(err.Error(), "no route to http://other") {
		t.Errorf("got %v, want what the job engine says", err)
	}
}
