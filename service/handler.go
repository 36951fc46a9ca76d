package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// state is what the probes report.
type state struct {
	started time.Time

	mu       sync.Mutex
	ready    bool
	draining bool // once set, the service is never ready again
}

func newState(started time.Time) *state { return &state{started: started} }

func (s *state) setReady(ready bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = ready
}

func (s *state) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
}

func (s *state) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready && !s.draining
}

// newHandler returns a handler with all routes.
func newHandler(s *state, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, log, http.StatusOK, healthBody{Status: "healthy", Timestamp: time.Now().Unix()})
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if !s.isReady() {
			writeJSON(w, log, http.StatusInternalServerError, errorBody{Error: "Readiness probe failed"})
			return
		}
		writeJSON(w, log, http.StatusOK, readyBody{Status: "ready"})
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, log, http.StatusOK, buildVersion())
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := s.writePage(w); err != nil {
			log.Debug("writing the page", "error", err.Error())
		}
	})
	return mux
}

type healthBody struct {
	Status    string `json:"status"`
	Timestamp int64  `json:"timestamp"` // Unix seconds
}

type readyBody struct {
	Status string `json:"status"`
}

type errorBody struct {
	Error string `json:"error"`
}

func writeJSON(w http.ResponseWriter, log *slog.Logger, code int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		log.Error("encoding a response", "error", err.Error())
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if _, err := w.Write(data); err != nil {
		log.Debug("writing a response", "error", err.Error())
	}
}

// page is formatted with fmt, not html/template: template's reflection makes the linker
// keep all methods of every type, and the program would be 50 % larger.
const page = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>gitops-pipeline demo service</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; color: #1c2733; }
dt { color: #5b6b7b; } dd { margin: 0 0 .75rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
</style>
<h1>It runs.</h1>
<dl>
<dt>Revision</dt><dd>%s</dd>
<dt>Built</dt><dd>%s</dd>
<dt>Uptime</dt><dd>%s</dd>
<dt><a href="/health">/health</a></dt><dd>healthy</dd>
<dt><a href="/ready">/ready</a></dt><dd>%s</dd>
</dl>
</html>
`

func (s *state) writePage(w io.Writer) error {
	v, ready := buildVersion(), "ready"
	if !s.isReady() {
		ready = "not ready"
	}
	_, err := fmt.Fprintf(w, page, html.EscapeString(v.Revision), html.EscapeString(v.Time),
		time.Since(s.started).Round(time.Second), ready)
	return err
}
