package inner

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
)

// docker serves a fake Docker engine on a socket.
func docker(t *testing.T, handler http.HandlerFunc) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return socket
}

func TestPing(t *testing.T) {
	t.Parallel()
	code := http.StatusOK
	socket := docker(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			t.Errorf("got a question for %s", r.URL.Path)
		}
		w.WriteHeader(code)
	})
	if err := Ping(t.Context(), socket); err != nil {
		t.Error(err)
	}
	code = http.StatusInternalServerError
	if err := Ping(t.Context(), socket); err == nil {
		t.Error("an engine that fails is healthy")
	}
	if err := Ping(t.Context(), socket+".none"); err == nil {
		t.Error("an engine that is not there is healthy")
	}
}

func TestFirstContainer(t *testing.T) {
	t.Parallel()
	create := make(chan struct{})
	socket := docker(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("filters"); got != `{"type":["container"],"event":["create"]}` {
			t.Errorf("got the filters %s", got)
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-create:
			_, _ = w.Write([]byte("{}"))
		case <-r.Context().Done():
		}
	})
	got := make(chan error, 1)
	go func() { got <- firstContainer(t.Context(), socket) }()
	select {
	case err := <-got:
		t.Fatalf("got %v before there was a container", err)
	case create <- struct{}{}:
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { got <- firstContainer(ctx, socket) }()
	cancel()
	if err := <-got; err == nil {
		t.Error("an engine that has ended has a job")
	}
}
