package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// Engines manages the job engines for the server.
type Engines interface {
	// Acquire waits for a job engine that no job has used, and marks it as used.
	Acquire(ctx context.Context) error
	// Release records that the job has ended.
	Release()
	// Probe requests a URL of the forge as a job does.
	Probe(ctx context.Context, url string) error
}

// Listen opens the control socket at path. It replaces a socket that a killed server left.
// Only the directory's owner can connect.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the directory of the control socket: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("closing the directory of the control socket to others: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing an old control socket: %w", err)
	}
	return net.Listen("unix", path)
}

// Serve serves the control socket until ctx ends.
func Serve(ctx context.Context, l net.Listener, engines Engines) error {
	server := &http.Server{
		Handler: handler(engines),
		// Waiting requests end with the server.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the control socket: %w", err)
	}
	return nil
}

func handler(engines Engines) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+acquirePath, func(w http.ResponseWriter, r *http.Request) {
		if err := engines.Acquire(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST "+releasePath, func(http.ResponseWriter, *http.Request) { engines.Release() })
	mux.HandleFunc("POST "+probePath, func(w http.ResponseWriter, r *http.Request) {
		if err := engines.Probe(r.Context(), r.FormValue("url")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	return mux
}
