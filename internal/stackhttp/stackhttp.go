// Package stackhttp is HTTP between the parts of a stack, which are on one Docker host.
package stackhttp

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
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

// Bearer returns the token that a request authenticates with, or "".
func Bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// RequireBearer lets requests through that authenticate with the secret. An empty one lets none
// through.
func RequireBearer(secret string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret == "" || subtle.ConstantTimeCompare([]byte(Bearer(r)), []byte(secret)) != 1 {
			http.Error(w, "this is not a runner of the stack", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
