package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// env returns a getenv with fixed values.
func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// lockedLog is a log that the test can read while the service writes to it.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the service on a free port. It returns the URL, the channel for signals, and
// the channel for the result of run.
func start(t *testing.T, values map[string]string, log io.Writer) (url string, stop chan os.Signal, done chan error) {
	t.Helper()
	values["PORT"] = "0"
	stop, done = make(chan os.Signal, 2), make(chan error, 1)
	addr := make(chan net.Addr, 1)
	go func() {
		done <- run(context.Background(), nil, env(values), stop, log, func(a net.Addr) { addr <- a })
	}()
	select {
	case a := <-addr:
		return "http://127.0.0.1:" + a.String()[strings.LastIndex(a.String(), ":")+1:], stop, done
	case err := <-done:
		t.Fatalf("run ended early: %v", err)
	}
	return "", nil, nil
}

// waitFor polls url until the response has the status code.
func waitFor(t *testing.T, url string, code int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	got := 0
	for time.Now().Before(deadline) {
		if resp, err := http.Get(url); err == nil {
			resp.Body.Close()
			if got = resp.StatusCode; got == code {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s: got %d in 5 s, want %d", url, got, code)
}

func TestWholeLife(t *testing.T) {
	t.Parallel()
	log := &lockedLog{}
	url, stop, done := start(t, map[string]string{"READY_AFTER": "300ms", "DRAIN": "400ms"}, log)
	waitFor(t, url+"/health", 200)
	waitFor(t, url+"/ready", 500)
	waitFor(t, url+"/ready", 200)
	stop <- syscall.SIGTERM
	waitFor(t, url+"/ready", 500)
	waitFor(t, url+"/health", 200) // a draining service is alive
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("got %v, want a clean stop", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("run did not return in 5 s")
	}
	for _, want := range []string{`"msg":"listening"`, `"msg":"stopping"`, `"msg":"stopped"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got log %s, want %s in it", log, want)
		}
	}
	if _, err := http.Get(url + "/health"); err == nil {
		t.Error("the port still answers after the stop")
	}
}

func TestReadyFromTheFirstMoment(t *testing.T) {
	t.Parallel()
	url, stop, done := start(t, map[string]string{"DRAIN": "0s"}, io.Discard)
	resp, err := http.Get(url + "/ready")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("got %d at once, want 200", resp.StatusCode)
	}
	stop <- syscall.SIGINT
	if err := <-done; err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	url, stop, done := start(t, map[string]string{"DRAIN": "0s"}, io.Discard)
	port := url[strings.LastIndex(url, ":")+1:]
	probe := func() error {
		return run(t.Context(), []string{"-probe"}, env(map[string]string{"PORT": port}), nil, io.Discard, nil)
	}
	if err := probe(); err != nil {
		t.Errorf("got %v from a healthy service, want nil", err)
	}
	stop <- syscall.SIGTERM
	if err := <-done; err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	if err := probe(); err == nil {
		t.Error("got nil from a stopped service, want an error")
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values map[string]string
		want   string
	}{
		"port word":  {map[string]string{"PORT": "http"}, "PORT"},
		"port range": {map[string]string{"PORT": "70000"}, "PORT"},
		"duration":   {map[string]string{"READY_AFTER": "soon"}, "READY_AFTER"},
		"negative":   {map[string]string{"DRAIN": "-1s"}, "DRAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), nil, env(tt.values), nil, io.Discard, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %s", err, tt.want)
			}
		})
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	port := l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:]
	err = run(t.Context(), nil, env(map[string]string{"PORT": port}), nil, io.Discard, nil)
	if err == nil || !strings.Contains(err.Error(), "set PORT") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

// TestStandardLibraryOnly checks that the module has no dependencies.
func TestStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const own = "github.com/gitops-pipeline/gitops-pipeline/service"
	if got := strings.Fields(string(out)); len(got) != 1 || got[0] != own {
		t.Errorf("got dependencies %q, want none but %s", got, own)
	}
}
