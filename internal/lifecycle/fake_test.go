package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// fakeHost is this machine, with a Docker host that holds labelled objects, and a
// Pulumi that does nothing. It notes what is done to it.
type fakeHost struct {
	mu         sync.Mutex
	containers []container.Summary
	networks   []network.Summary
	volumes    []*volume.Volume
	done       []string // such as "up", "stop forge", "remove network net"
	managed    pulumi.Managed
	noStack    bool  // there is no state to open
	openErr    error // what opening the stack fails with
	checks     []doctor.Result
	awaits     []error           // what each wait for the stack to work ends with; then nil
	faults     []readiness.Fault // what does not work
}

func (h *fakeHost) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = append(h.done, what)
}

// did tells what was done, without what only reads.
func (h *fakeHost) did() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.done, ", ")
}

// ServeHTTP is the Docker host's API.
func (h *fakeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.41")
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	kind, rest, _ := strings.Cut(path, "/")
	switch {
	case r.Method == http.MethodGet && path == "containers/json":
		if strings.Contains(r.URL.RawQuery, "gitops-pipeline.backup") {
			answer([]container.Summary{}) // no backup was interrupted
			return
		}
		answer(h.containers)
	case r.Method == http.MethodGet && path == "networks":
		answer(h.networks)
	case r.Method == http.MethodGet && path == "volumes":
		answer(volume.ListResponse{Volumes: h.volumes})
	case r.Method == http.MethodGet && path == "images/json":
		answer([]image.Summary{})
	case r.Method == http.MethodPost && strings.HasSuffix(rest, "/stop"):
		h.note("stop " + strings.TrimSuffix(rest, "/stop"))
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		h.note("remove " + strings.TrimSuffix(kind, "s") + " " + rest)
		h.remove(rest)
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func (h *fakeHost) remove(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.containers = slices.DeleteFunc(h.containers, func(c container.Summary) bool { return c.ID == id })
	h.networks = slices.DeleteFunc(h.networks, func(n network.Summary) bool { return n.ID == id })
	h.volumes = slices.DeleteFunc(h.volumes, func(v *volume.Volume) bool { return v.Name == id })
}

// withStack puts a stack's objects on the Docker host, created by a checkout.
func (h *fakeHost) withStack(checkout string) *fakeHost {
	h.containers = []container.Summary{
		{ID: "forge", Names: []string{"/forge"}, Labels: naming.Labels("dev", naming.Forge, "")},
		{ID: "runner", Names: []string{"/runner"}, Labels: map[string]string{naming.StackLabel: "dev", naming.RoleLabel: string(naming.Runner), naming.CheckoutLabel: checkout}},
	}
	h.networks = []network.Summary{{ID: "net", Name: "net"}}
	h.volumes = []*volume.Volume{{Name: "data"}}
	return h
}

func (h *fakeHost) EnsureDocker(context.Context, io.Writer) error { return nil }

func (h *fakeHost) CheckHost(context.Context, doctor.Settings) []doctor.Result { return h.checks }

func (h *fakeHost) Check(context.Context) ([]readiness.Fault, error) { return h.faults, nil }

func (h *fakeHost) Connect(context.Context) (*client.Client, error) {
	server := httptest.NewServer(h) // ends with the test's process
	return client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
}

func (h *fakeHost) PulumiCLI(context.Context, string, *artifacts.Progress) (artifacts.CLI, error) {
	return artifacts.CLI{Path: "/pulumi"}, nil
}

func (h *fakeHost) DockerPlugin(context.Context, string, *artifacts.Progress) (Plugin, error) {
	return Plugin{"/plugin", "4"}, nil
}

func (h *fakeHost) GiteaPlugin(context.Context, string, *artifacts.Progress) error { return nil }

func (h *fakeHost) Images(context.Context, string, config.Config, *artifacts.Progress) (images.Images, error) {
	return images.Images{Mode: config.ImagesFromSource, Gitea: "gitea"}, nil
}

func (h *fakeHost) Actions(context.Context, string, *artifacts.Progress) (string, error) {
	return "/actions", nil
}

func (h *fakeHost) Rekey(context.Context, string, io.Writer) (string, error) { return "", nil }

func (h *fakeHost) OpenStack(_ context.Context, _ project.Project, _ string, _ artifacts.CLI, _ sdk.RunFunc, create bool) (Stack, error) {
	if h.noStack && !create {
		return nil, pulumi.ErrNone
	}
	return h, h.openErr
}

func (h *fakeHost) Up(_ context.Context, opts ...optup.Option) (auto.OutputMap, error) {
	var o optup.Options
	for _, opt := range opts {
		opt.ApplyOption(&o)
	}
	for _, stream := range o.EventStreams {
		close(stream) // as Pulumi does after its last event
	}
	h.note(strings.Join(append([]string{"up"}, o.Replace...), " "))
	return auto.OutputMap{"adminUser": {Value: "forge-admin"}, "forgeUrl": {Value: "http://localhost:3000"}}, nil
}

func (h *fakeHost) Destroy(_ context.Context, opts ...optdestroy.Option) error {
	var o optdestroy.Options
	for _, opt := range opts {
		opt.ApplyOption(&o)
	}
	for _, stream := range o.EventStreams {
		close(stream)
	}
	h.note("destroy")
	return nil
}

func (h *fakeHost) Outputs(context.Context) (auto.OutputMap, error) { return auto.OutputMap{}, nil }

func (h *fakeHost) Managed(context.Context) (pulumi.Managed, error) { return h.managed, nil }

func (h *fakeHost) URNs(_ context.Context, names ...string) ([]string, error) { return names, nil }

func (h *fakeHost) Readiness(readiness.Stack) Readiness { return h }

func (h *fakeHost) Await(context.Context, time.Duration) error {
	if len(h.awaits) == 0 {
		return nil
	}
	err := h.awaits[0]
	h.awaits = h.awaits[1:]
	return err
}

func (h *fakeHost) AwaitLocks(context.Context, time.Duration, io.Writer) error { return nil }

func (h *fakeHost) Recover(context.Context, *client.Client, io.Writer) error { return nil }

func (h *fakeHost) InstallDockerPlugin(context.Context, string, string) error { return nil }

func (h *fakeHost) ReadPortable(context.Context, project.Project) (pulumi.Portable, error) {
	return pulumi.Portable{}, errors.New("not in this test")
}

func (h *fakeHost) ImportState(context.Context, pulumi.Portable) error { return nil }

func (h *fakeHost) Forget(context.Context) error {
	h.note("forget")
	return nil
}

// fakePrompt answers nothing.
type fakePrompt struct{}

var errNotConfirmed = errors.New("not confirmed")

func (fakePrompt) Confirm(string, string) error      { return errNotConfirmed }
func (fakePrompt) Passphrase(string) (string, error) { return "", errNotConfirmed }
func (fakePrompt) NewPassphrase() (string, error)    { return "", errNotConfirmed }

// environment is a checkout of its own, on the fake machine.
func environment(t *testing.T, h *fakeHost) (Environment, *bytes.Buffer) {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // no `pulumi login` of the user's
	var out bytes.Buffer
	return Environment{
		Project: projecttest.New(t, "config:\n  gitops-pipeline:seed: \"false\"\n"), Stack: "dev", Out: ui.NewPrinter(&out), Prompt: fakePrompt{}, Launcher: "pipeline", Machine: h, Program: noProgram,
	}, &out
}

// noProgram stands for the Pulumi program, which no fake runs.
func noProgram(config.Config, string, Artifacts, io.Writer) sdk.RunFunc { return nil }
