package engineproxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// engineFunc is what a test's engine answers.
type engineFunc = http.HandlerFunc

// newProxy starts an engine on a Unix socket and a proxy of it, and returns a client of the
// proxy.
func newProxy(t *testing.T, answer engineFunc) (Proxy, *http.Client) {
	t.Helper()
	dir := t.TempDir()
	p := Proxy{
		Socket: filepath.Join(dir, "proxy.sock"), Engine: filepath.Join(dir, "engine.sock"),
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	serveEngine(t, p.Engine, answer)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, clientOf(p.Socket)
}

// serveEngine serves on a Unix socket until the returned function is called, or the test ends.
func serveEngine(t *testing.T, socket string, answer engineFunc) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: answer}
	go func() { _ = server.Serve(listener) }()
	stop = func() { _ = server.Close() }
	t.Cleanup(stop)
	return stop
}

func clientOf(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
}

// TestPassesOn holds that requests and answers reach the other side byte for byte: those of
// other paths, and those that create a container which needs no change.
func TestPassesOn(t *testing.T) {
	t.Parallel()
	type request struct{ method, uri, contentType, body string }
	got := make(chan request, 1)
	_, client := newProxy(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
		w.Header().Set("X-Engine", "yes")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(body)
	})
	create := "{ \"Image\":\"<x>\" ,\"Unknown\":12345678901234567890.10, \"HostConfig\" : {\"NetworkMode\":\"host\",\"New\":{\"a\":1}}}\n"
	for _, want := range []request{
		{"POST", "/v1.45/containers/create?name=a%2Fb", "application/json", create},
		{"POST", "/containers/create", "application/json", `{"HostConfig":{"NetworkMode":"container:x","Mounts":[{"Type":"volume","Source":"a","Target":"/b"}]}}`},
		{"POST", "/v1.45/containers/create", "application/json", "no JSON"},
		{"POST", "/v1.45/containers/create", "application/json", `{"HostConfig":[]}`},
		{"POST", "/v1.45/containers/create/x", "application/json", `{"HostConfig":{"NetworkMode":"job-services"}}`},
		{"PUT", "/v1.45/containers/x/archive?path=%2Fa%20b&noOverwriteDirNonDir=true", "application/x-tar", strings.Repeat(rand.Text(), 100_000)},
		{"DELETE", "/v1.45/containers/x?force=1&v=1", "", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), want.method, "http://docker"+want.uri, strings.NewReader(want.body))
		if err != nil {
			t.Fatal(err)
		}
		if want.contentType != "" {
			req.Header.Set("Content-Type", want.contentType)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s %s: %v", want.method, want.uri, err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != want.body || resp.StatusCode != http.StatusTeapot || resp.Header.Get("X-Engine") != "yes" {
			t.Errorf("%s %s: got the answer %s of %d bytes, %v, want the engine's", want.method, want.uri, resp.Status, len(body), err)
		}
		if g := <-got; g != want {
			t.Errorf("got %.200v, want %.200v", g, want)
		}
	}
}

// TestHijacks holds that a connection that becomes a raw stream, as for `docker exec`, passes
// on bytes in both directions, and the end of each direction.
func TestHijacks(t *testing.T) {
	t.Parallel()
	p, _ := newProxy(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) != "{}" {
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nready\n")
		said, _ := io.ReadAll(buffered) // until the other side has closed its end
		fmt.Fprintf(conn, "you said %s", said)
	})
	conn, err := net.Dial("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1.45/exec/x/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}")
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %+v, %v, want 101", resp, err)
	}
	if line, err := reader.ReadString('\n'); line != "ready\n" {
		t.Fatalf("got %q, %v, want the engine's first line", line, err)
	}
	fmt.Fprint(conn, "\x00\x01binary")
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(reader); string(rest) != "you said \x00\x01binary" || err != nil {
		t.Errorf("got %q, %v, want what was said", rest, err)
	}
}

// TestFlushes holds that what a step prints is passed on at once.
func TestFlushes(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	_, client := newProxy(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-next
		fmt.Fprint(w, "second")
	})
	resp, err := client.Get("http://docker/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("got %q, %v, want the first part alone", first, err)
	}
	close(next)
	if rest, err := io.ReadAll(resp.Body); string(rest) != "second" || err != nil {
		t.Errorf("got %q, %v, want the rest", rest, err)
	}
}

// TestNextEngine holds that each request finds the engine that is there, and that without
// one the answer says so as an engine would.
func TestNextEngine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := Proxy{Socket: filepath.Join(dir, "proxy.sock"), Engine: filepath.Join(dir, "engine.sock"), Log: slog.New(slog.DiscardHandler)}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := clientOf(p.Socket)
	ask := func() (int, string) {
		t.Helper()
		resp, err := client.Get("http://docker/_ping")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	for range 2 {
		code, body := ask()
		var refusal struct{ Message string }
		if err := json.Unmarshal([]byte(body), &refusal); code != http.StatusBadGateway || err != nil || !strings.Contains(refusal.Message, "reaching the job engine") {
			t.Errorf("got %d %s, want 502 with a message", code, body)
		}
		for range 2 {
			text := rand.Text()
			stop := serveEngine(t, p.Engine, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
			for range 2 {
				if code, body := ask(); code != http.StatusOK || body != text {
					t.Errorf("got %d %s, want the present engine's %s", code, body, text)
				}
			}
			stop()
		}
	}
}

// TestStartsAgain holds that the socket of a proxy that was killed is no obstacle.
func TestStartsAgain(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "proxy.sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	_ = left.Close()
	if err := (Proxy{Socket: socket, Log: slog.New(slog.DiscardHandler)}).Start(t.Context()); err != nil {
		t.Error(err)
	}
}

// compact is JSON without what has no meaning in it.
func compact(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text)); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out.String()
}
