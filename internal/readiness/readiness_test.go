package readiness

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// host is a Docker host of one working stack; tests break one thing of it.
type host struct {
	client.ContainerAPIClient
	client.SystemAPIClient
	mu     sync.Mutex
	states map[string]*container.State // by container
	gone   string                      // a container that is not there
	says   map[string]string           // what a container's probe prints when it fails
	looks  int
	works  int      // the look from which all probes succeed; 0: never
	cure   string   // the container whose restart makes all probes succeed
	again  []string // containers that were restarted
}

func newHost() *host {
	h := &host{states: map[string]*container.State{}, says: map[string]string{}}
	for _, id := range []string{"forge", "runner", "job-engine"} {
		h.states[id] = &container.State{Status: container.StateRunning, Running: true}
	}
	return h
}

func (h *host) ContainerList(context.Context, container.ListOptions) ([]container.Summary, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looks++
	var list []container.Summary
	for id, runner := range map[string]string{"forge": "", "runner": "runner-0", "job-engine": "runner-0"} {
		if id != h.gone {
			list = append(list, container.Summary{ID: id, Labels: naming.Labels("dev", naming.Role(id), runner)})
		}
	}
	return list, nil
}

func (h *host) ContainerInspect(_ context.Context, id string) (container.InspectResponse, error) {
	return container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: id, RestartCount: 7, State: h.states[id]}}, nil
}

func (h *host) ContainerExecCreate(_ context.Context, id string, _ container.ExecOptions) (container.ExecCreateResponse, error) {
	return container.ExecCreateResponse{ID: id}, nil
}

func (h *host) output(id string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.works > 0 && h.looks >= h.works || slices.Contains(h.again, h.cure) {
		return ""
	}
	return h.says[id]
}

func (h *host) ContainerExecAttach(_ context.Context, id string, _ container.ExecAttachOptions) (types.HijackedResponse, error) {
	near, far := net.Pipe()
	go func() {
		_, _ = io.WriteString(stdcopy.NewStdWriter(far, stdcopy.Stdout), h.output(id))
		_ = far.Close()
	}()
	return types.HijackedResponse{Conn: near, Reader: bufio.NewReader(near)}, nil
}

func (h *host) ContainerExecInspect(_ context.Context, id string) (container.ExecInspect, error) {
	if h.output(id) != "" {
		return container.ExecInspect{ExitCode: 1}, nil
	}
	return container.ExecInspect{}, nil
}

func (h *host) ContainerRestart(_ context.Context, id string, _ container.StopOptions) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.again = append(h.again, id)
	return nil
}

func (h *host) ContainerLogs(_ context.Context, id string, _ container.LogsOptions) (io.ReadCloser, error) {
	var text strings.Builder
	_, _ = io.WriteString(stdcopy.NewStdWriter(&text, stdcopy.Stderr), "last words of "+id)
	return io.NopCloser(strings.NewReader(text.String())), nil
}

// forge has one runner.
type forge struct {
	down   error
	runner sdk.ActionRunner
}

func (f forge) Version(context.Context) (string, error) { return "1", f.down }
func (f forge) Runners(context.Context) ([]*sdk.ActionRunner, error) {
	return []*sdk.ActionRunner{{Name: "two-runner-0", Status: "online"}, &f.runner}, f.down
}

var online = forge{runner: sdk.ActionRunner{Name: "dev-runner-0", Status: "online"}}

func stack(h *host, f forge) Stack {
	return Stack{Name: "dev", URL: "http://localhost:3000", Runners: RunnerNames(1), JobEngines: true, Docker: h, Forge: f}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		damage func(h *host, f *forge)
		want   string // "" for none
	}{
		"nothing": {func(*host, *forge) {}, ""},
		"forge has ended": {func(h *host, _ *forge) {
			h.states["forge"] = &container.State{Status: container.StateExited, ExitCode: 3}
		}, "the forge: it does not run (exited, exit code 3)"},
		"forge is unhealthy":  {func(h *host, _ *forge) { h.states["forge"].Health = &container.Health{Status: container.Unhealthy} }, "the forge: its health check says: unhealthy"},
		"forge is silent":     {func(_ *host, f *forge) { f.down = errors.New("refused") }, "the forge: refused"},
		"no runner container": {func(h *host, _ *forge) { h.gone = "runner" }, "runner runner-0: it has no container"},
		"runner restarts":     {func(h *host, _ *forge) { h.states["runner"].Restarting = true }, "runner runner-0: it restarts again and again (7 times so far"},
		"runner is paused":    {func(h *host, _ *forge) { h.states["runner"].Paused = true }, "runner runner-0: it is paused"},
		"runner is offline":   {func(_ *host, f *forge) { f.runner.Status = "offline" }, "runner runner-0: to the forge it is offline"},
		"runner is disabled":  {func(_ *host, f *forge) { f.runner.Disabled = true }, ""},
		"another's runner":    {func(_ *host, f *forge) { f.runner.Name = "three-runner-0" }, "runner runner-0: it is not registered"},
		"runner takes no job": {func(h *host, _ *forge) { h.says["runner"] = "cannot connect" }, "runner runner-0: cannot connect"},
		"jobs reach nothing":  {func(h *host, _ *forge) { h.says["job-engine"] = "no such host" }, "the job engine of runner-0: no such host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newHost(), online
			test.damage(h, &f)
			faults, err := stack(h, f).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(faults) > 0 {
				got = faults[0].Subject() + ": " + faults[0].Why.Error()
			}
			if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	h := newHost()
	h.says["job-engine"], h.works = "not yet", 3
	if err := stack(h, online).Await(t.Context(), time.Minute); err != nil || h.looks < 3 {
		t.Errorf("got %v after %d looks, want success at the third", err, h.looks)
	}
	h = newHost()
	h.says["runner"] = "connection refused"
	err := stack(h, online).Await(t.Context(), 500*time.Millisecond)
	if err == nil {
		t.Fatal("got success, want an error")
	}
	for _, want := range []string{"runner runner-0: connection refused", "last words of runner"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
	if next := problem.Next(err); !strings.Contains(next, "pipeline doctor --stack dev") {
		t.Errorf("got the advice %q", next)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stack(h, online).Await(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the interruption", err)
	}
}

func TestRepair(t *testing.T) {
	t.Parallel()
	h := newHost()
	if err := stack(h, online).Repair(t.Context(), t.Output()); err != nil || len(h.again) > 0 {
		t.Errorf("a stack that works: got %v, restarted %v", err, h.again)
	}
	h = newHost()
	h.says["runner"], h.cure = "not registered", "runner"
	if err := stack(h, online).Repair(t.Context(), t.Output()); err != nil || !slices.Equal(h.again, []string{"runner"}) {
		t.Errorf("a runner: got %v, restarted %v, want the runner alone", err, h.again)
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHost()
		h.says["runner"], h.says["job-engine"], h.cure = "no such host", "no such host", "forge"
		err := stack(h, online).Repair(t.Context(), t.Output())
		if want := []string{"job-engine", "runner", "forge", "job-engine", "runner"}; err != nil || !slices.Equal(h.again, want) {
			t.Errorf("a forge without its name: got %v, restarted %v, want %v", err, h.again, want)
		}
	})
	h = newHost()
	h.gone = "job-engine"
	if err := stack(h, online).Repair(t.Context(), t.Output()); !strings.Contains(problem.Next(err), "up --refresh") || len(h.again) > 0 {
		t.Errorf("a missing container: got %v, restarted %v, want the advice to create it", err, h.again)
	}
}
