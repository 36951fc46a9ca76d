package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	ready, notReady, drained := newState(time.Now()), newState(time.Now()), newState(time.Now())
	ready.setReady(true)
	drained.drain()
	drained.setReady(true)
	const jsonType, htmlType = "application/json", "text/html; charset=utf-8"
	for _, tt := range []struct {
		name, method, path string
		state              *state
		code               int
		contentType, body  string
	}{
		{"ready", "GET", "/ready", ready, 200, jsonType, `{"status":"ready"}`},
		{"not ready", "GET", "/ready", notReady, 500, jsonType, `{"error":"Readiness probe failed"}`},
		{"draining is final", "GET", "/ready", drained, 500, jsonType, `{"error":"Readiness probe failed"}`},
		{"healthy while draining", "GET", "/health", drained, 200, jsonType, `{"status":"healthy","timestamp":`},
		{"version", "GET", "/version", ready, 200, jsonType, `{"revision":"`},
		{"page", "GET", "/", ready, 200, htmlType, "<dd>ready</dd>"},
		{"page not ready", "GET", "/", notReady, 200, htmlType, "<dd>not ready</dd>"},
		{"unknown path", "GET", "/nope", ready, 404, "text/plain; charset=utf-8", "404 page not found"},
		{"wrong method", "POST", "/health", ready, 405, "text/plain; charset=utf-8", "Method Not Allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := httptest.NewRecorder()
			newHandler(tt.state, slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest(tt.method, tt.path, nil))
			if rec.Code != tt.code {
				t.Errorf("got status %d, want %d", rec.Code, tt.code)
			}
			if got := rec.Header().Get("Content-Type"); got != tt.contentType {
				t.Errorf("got Content-Type %q, want %q", got, tt.contentType)
			}
			if got := rec.Body.String(); !strings.Contains(got, tt.body) {
				t.Errorf("got body %q, want %q in it", got, tt.body)
			}
		})
	}
}

func TestHealthBodyIsExact(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler(newState(time.Now()), slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	before := time.Now().Unix()
	resp, err := http.Get(server.URL + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body map[string]any
	if err := json.Unmarshal(data, &body); err != nil {
		t.Fatalf("decoding %q: %v", data, err)
	}
	if len(body) != 2 || body["status"] != "healthy" {
		t.Errorf("got %s, want status and timestamp alone", data)
	}
	if ts, ok := body["timestamp"].(float64); !ok || int64(ts) < before || int64(ts) > time.Now().Unix() {
		t.Errorf("got timestamp %v, want now in Unix seconds", body["timestamp"])
	}
}
