package runnersupervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const instance, registrationToken = "http://localhost:3000", "the registration token"

// house is all that surrounds a supervisor: a forge, a job engine, gitea-runner.
type house struct {
	t   *testing.T
	dir string

	mu          sync.Mutex
	events      []string // what happened, in order
	forgeDown   bool
	credentials map[string]bool // that the forge accepts
	registered  int
	failing     int // registrations that fail before one succeeds
	engineEnds  chan struct{}
	daemons     []*fakeProcess
	counters    func() string // nil: the daemon does not answer
	onDaemon    func(n int, p *fakeProcess)
	doing       sync.WaitGroup // what onDaemon does
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, dir: t.TempDir(), credentials: map[string]bool{}, engineEnds: make(chan struct{}, 1)}
	polls := 0
	h.counters = func() string {
		polls++
		return fmt.Sprintf("gitea_runner_info{name=\"r\",version=\"v1\"} 1\ngitea_runner_poll_fetch_total{result=\"empty\"} %d\n", polls)
	}
	return h
}

// supervisor returns one in this house.
func (h *house) supervisor(change func(c *Config)) *Supervisor {
	h.t.Helper()
	token := filepath.Join(h.dir, "token")
	if err := os.WriteFile(token, []byte(registrationToken+"\n"), 0o600); err != nil {
		h.t.Fatal(err)
	}
	cfg := Config{
		Instance: instance, Name: "dev-runner-0", ConfigFile: "config.yaml", TokenFile: token,
		JobEngine: "unix:///x", EnginePerJob: true, Metrics: "127.0.0.1:1",
	}
	if change != nil {
		change(&cfg)
	}
	s := &Supervisor{
		Config: cfg, Program: h, Forge: h, Metrics: h.metrics, Dir: h.dir, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil)),
	}
	if cfg.JobEngine != "" {
		s.Engine, s.Control = h, h
	}
	return s
}

func (h *house) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, fmt.Sprintf(format, args...))
}

// happened are the events so far, in one line.
func (h *house) happened() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.events, ", ")
}

func (h *house) Acquire(ctx context.Context) error { h.note("acquire"); return ctx.Err() }
func (h *house) Release(ctx context.Context) error { h.note("release"); return ctx.Err() }

func (h *house) RemoveJobs(context.Context) error { h.note("remove jobs"); return nil }

func (h *house) Ended(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.engineEnds:
		return errors.New("unexpected EOF")
	}
}

func (h *house) Healthy(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.forgeDown {
		return errors.New("connection refused")
	}
	return nil
}

func (h *house) Knows(_ context.Context, r Registration, _ string) (bool, error) {
	if err := h.Healthy(context.Background()); err != nil {
		return false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.credentials[r.Token], nil
}

func (h *house) metrics(context.Context) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counters == nil {
		return "", errors.New("connection refused")
	}
	return h.counters(), nil
}

// Start is gitea-runner: register writes a registration, daemon runs until the test
// ends it.
func (h *house) Start(text string, args ...string) (Process, error) {
	p := &fakeProcess{h: h, ended: make(chan error, 1)}
	for _, a := range args {
		if strings.Contains(a, registrationToken) {
			h.t.Errorf("the registration token is in the arguments %q", args)
		}
	}
	if args[0] == "register" {
		p.ended <- h.registerRunner(text, args)
		return p, nil
	}
	h.mu.Lock()
	n := len(h.daemons)
	h.daemons = append(h.daemons, p)
	h.mu.Unlock()
	h.note("%s", strings.Replace(strings.Join(args, " "), " --config config.yaml", "", 1))
	if h.onDaemon != nil {
		h.doing.Go(func() { h.onDaemon(n, p) })
	}
	return p, nil
}

func (h *house) registerRunner(text string, args []string) error {
	if text != registrationToken+"\n" {
		h.t.Errorf("got %q on standard input, want the token", text)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := os.Stat(filepath.Join(h.dir, registrationFile)); err == nil {
		h.t.Error("gitea-runner would ask whether to replace the registration")
	}
	if h.failing > 0 {
		h.failing--
		h.events = append(h.events, "failed registration")
		return errors.New("exit status 1")
	}
	h.registered++
	r := Registration{UUID: fmt.Sprint("uuid-", h.registered), Token: fmt.Sprint("token-", h.registered), Address: args[4]}
	event := "register"
	if args[len(args)-1] == "--ephemeral" {
		r.Ephemeral, event = true, "register --ephemeral"
	}
	h.events = append(h.events, event)
	h.credentials[r.Token] = true
	h.write(r)
	return nil
}

// write puts a registration on the volume.
func (h *house) write(r any) {
	h.t.Helper()
	data, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(filepath.Join(h.dir, registrationFile), data, 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// read is the registration on the volume.
func (h *house) read() map[string]any {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.dir, registrationFile))
	fields := map[string]any{}
	if err == nil {
		err = json.Unmarshal(data, &fields)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return fields
}

// fakeProcess ends when the test says so, or when it is killed.
type fakeProcess struct {
	h     *house
	ended chan error
	once  sync.Once
}

func (p *fakeProcess) end(err error) { p.once.Do(func() { p.ended <- err }) }

func (p *fakeProcess) Kill() error {
	p.h.note("kill")
	p.end(errors.New("signal: killed"))
	return nil
}

func (p *fakeProcess) Wait() error { return <-p.ended }

// run runs a supervisor for a while and returns its error; one that goes on is ended.
func (h *house) run(s *Supervisor, while time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(h.t.Context(), while, errTestEnds)
	defer cancel()
	defer h.doing.Wait()
	return s.Run(ctx)
}

var errTestEnds = errors.New("the test ends")
