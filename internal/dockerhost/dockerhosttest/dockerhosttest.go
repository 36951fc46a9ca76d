// Package dockerhosttest serves as much of a Docker engine's API as the checks of
// the Docker host ask for, so that their tests need no Docker.
package dockerhosttest

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/system"
)

// Server holds what the Docker host answers.
type Server struct {
	API        string // default: 1.41
	Info       system.Info
	Containers []container.Summary
}

// ServeHTTP answers like a Docker engine.
func (s Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api := s.API
	if api == "" {
		api = "1.41"
	}
	w.Header().Set("Api-Version", api)
	switch {
	case strings.HasSuffix(r.URL.Path, "/_ping"):
	case strings.HasSuffix(r.URL.Path, "/info"):
		_ = json.NewEncoder(w).Encode(s.Info)
	case strings.HasSuffix(r.URL.Path, "/containers/json"):
		_ = json.NewEncoder(w).Encode(s.Containers)
	default:
		http.NotFound(w, r)
	}
}

// Socket serves the Docker host at a Unix socket in a temporary directory, and returns its path.
func (s Server) Socket(t testing.TB) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return socket
}
