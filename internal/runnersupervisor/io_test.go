package runnersupervisor

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKnows reads a forge's answers as Gitea 1.26 and later give them.
func TestKnows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code int
		body string
		want bool
	}{
		"known":             {200, `{"runner":{}}`, true},
		"a gRPC error":      {500, `{"code":"unknown","message":"rpc error: code = Unauthenticated desc = unregistered runner"}`, false},
		"a connect error":   {401, `{"code":"unauthenticated","message":"unregistered runner"}`, false},
		"another fault":     {500, `{"code":"unknown","message":"rpc error: code = Internal desc = database is locked"}`, true},
		"not the forge":     {404, `page not found`, true},
		"another's refusal": {403, ``, true},
	} {
		forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Header.Get("x-runner-uuid") != "u" || r.Header.Get("x-runner-token") != "t" || string(body) != `{"labels":["self-hosted"],"version":"v1"}` {
				t.Errorf("got the request %s with %v", body, r.Header)
			}
			w.WriteHeader(tt.code)
			_, _ = io.WriteString(w, tt.body)
		}))
		r := Registration{UUID: "u", Token: "t", Labels: []string{"self-hosted:docker://x:1"}}
		if got, err := NewForge(forge.URL).Knows(t.Context(), r, "v1"); err != nil || got != tt.want {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, tt.want)
		}
		forge.Close()
		if _, err := NewForge(forge.URL).Knows(t.Context(), r, "v1"); err == nil {
			t.Errorf("%s: got an answer of a forge that is down", name)
		}
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	code := http.StatusOK
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	defer forge.Close()
	if err := NewForge(forge.URL).Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	code = http.StatusServiceUnavailable
	if err := NewForge(forge.URL).Healthy(t.Context()); err == nil {
		t.Error("got no error of a forge that is not ready")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# HELP x\ngitea_runner_info{name=\"n\",version=\"v1.0.8\"} 1\n"+
			"gitea_runner_poll_fetch_total{result=\"empty\"} 4\ngitea_runner_poll_fetch_total{result=\"error\"} 2\ngo_threads 9\n")
	}))
	defer daemon.Close()
	text, err := NewMetrics(strings.TrimPrefix(daemon.URL, "http://"))(t.Context())
	got := readSigns(text)
	want := signs{
		"gitea_runner_poll_fetch_total{result=\"empty\"} 4\ngitea_runner_poll_fetch_total{result=\"error\"} 2\n",
		"gitea_runner_poll_fetch_total{result=\"empty\"} 4\n", "v1.0.8",
	}
	if err != nil || got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}
}

// TestProcess starts real programs: a text reaches them, and a kill ends all that they
// have started, on the spot.
func TestProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sh := Command{Path: "sh", Dir: dir}
	p, err := sh.Start("text\n", "-c", `read line; echo "$line" > heard`)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "heard")); err != nil || string(text) != "text\n" {
		t.Errorf("got %q and %v, want the text", text, err)
	}
	// TERM is ignored, as a program may that cleans up first.
	p, err = sh.Start("", "-c", `trap "" TERM; sleep 600 & echo $! > pid.new; mv pid.new pid; wait`)
	if err != nil {
		t.Fatal(err)
	}
	var child int
	for deadline := time.Now().Add(time.Minute); child == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		child, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err := errors.Join(p.Kill()); err != nil || p.Wait() == nil {
		t.Errorf("got %v, want a killed process", err)
	}
	for deadline := time.Now().Add(time.Minute); alive(child); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what the process started lives on")
		}
	}
	if _, err := (Command{Path: "/no/such/program"}).Start(""); err == nil {
		t.Error("got no error of a program that is not there")
	}
}

// alive tells whether a process runs; one that has ended may wait for its parent.
func alive(pid int) bool {
	if pid == 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	whole := map[string]string{
		"GITEA_INSTANCE_URL": "http://localhost:3000/", "GITEA_RUNNER_NAME": "n", "CONFIG_FILE": "c",
		"GITEA_RUNNER_REGISTRATION_TOKEN_FILE": "t", "METRICS_PORT": "9101", "JOB_ENGINE": "unix:///x",
		"ENGINE_PER_JOB": "true", "EPHEMERAL": "true", "ENGINE_SOCKET": "/run/p.sock", "FORWARD": "127.0.0.1:3000=forge:3000",
	}
	for name, tt := range map[string]struct{ key, value, want string }{
		"whole":                  {"", "", ""},
		"no address":             {"GITEA_INSTANCE_URL", "", "GITEA_INSTANCE_URL"},
		"no URL":                 {"GITEA_INSTANCE_URL", "localhost", "localhost"},
		"no token":               {"GITEA_RUNNER_REGISTRATION_TOKEN_FILE", "", "TOKEN_FILE"},
		"neither true nor false": {"EPHEMERAL", "maybe", "maybe"},
		"no target":              {"FORWARD", "127.0.0.1:3000", "LISTEN=TARGET"},
		"no engine":              {"JOB_ENGINE", "", "JOB_ENGINE"},
		"no socket to proxy":     {"JOB_ENGINE", "tcp://192.0.2.1:2375", "ENGINE_SOCKET"},
		"ephemeral alone":        {"ENGINE_PER_JOB", "false", "EPHEMERAL"},
	} {
		c, err := FromEnvironment(func(key string) string {
			if key == tt.key {
				return tt.value
			}
			return whole[key]
		})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		if tt.want == "" && (c.Instance != "http://localhost:3000" || c.Target != "forge:3000" || c.Metrics != "127.0.0.1:9101" || c.JobEngineSocket() != "/x" || c.Proxy != "/run/p.sock") {
			t.Errorf("got %+v", c)
		}
	}
}
