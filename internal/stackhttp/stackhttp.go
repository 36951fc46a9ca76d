// Package stackhttp is HTTP between the parts of a stack, which are on one Docker host.
package stackhttp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// headerTimeout limits how long a client may take to send the header of a request.
const headerTimeout = 10 * time.Second

// Transport returns a transport that ignores the proxies of the environment: those are for the
// internet.
func Transport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	return transport
}

// Serve serves what in the background until ctx ends. It logs an error that ends it earlier.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, what string, log *slog.Logger) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serving "+what, "error", err)
		}
	}()
}
