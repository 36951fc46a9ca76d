package dockerhost

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/docker/api/types/system"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost/dockerhosttest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// machine stands for a machine that a test cannot change: package managers and init systems.
type machine struct {
	ids           []string
	root, systemd bool
	programs      []string
	ran           []string
	fail          string
	exited        chan error
}

func (m *machine) Distribution() []string  { return m.ids }
func (m *machine) Root() bool              { return m.root }
func (m *machine) Systemd() bool           { return m.systemd }
func (m *machine) Has(program string) bool { return slices.Contains(m.programs, program) }

func (m *machine) Run(_ context.Context, _ io.Writer, _ []string, name string, args ...string) error {
	line := strings.Join(append([]string{name}, args...), " ")
	m.ran = append(m.ran, line)
	if m.fail != "" && strings.Contains(line, m.fail) {
		return errors.New("it failed")
	}
	return nil
}

func (m *machine) Detach(_, name string, _ ...string) (<-chan error, error) {
	m.ran = append(m.ran, name+" &")
	return m.exited, nil
}

func TestPlan(t *testing.T) {
	tests := map[string]struct {
		host       machine
		dockerHost string
		want       []Step
		err        string
	}{
		"bare Debian":             {machine{ids: []string{"debian"}, root: true, programs: []string{"apt-get"}}, "", []Step{Install, Daemon}, ""},
		"bare Ubuntu":             {machine{ids: []string{"ubuntu", "debian"}, root: true, systemd: true, programs: []string{"apt-get"}}, "", []Step{Install, Systemctl}, ""},
		"stopped":                 {machine{ids: []string{"fedora"}, root: true, systemd: true, programs: []string{"dockerd"}}, "", []Step{Systemctl}, ""},
		"stopped, no init":        {machine{ids: []string{"debian"}, root: true, programs: []string{"dockerd", "apt-get"}}, "", []Step{Daemon}, ""},
		"another system":          {machine{ids: []string{"fedora"}, root: true}, "", nil, "neither Debian nor Ubuntu"},
		"not root":                {machine{ids: []string{"debian"}, programs: []string{"apt-get"}}, "", nil, "not root"},
		"a Docker host elsewhere": {machine{ids: []string{"debian"}, root: true, programs: []string{"apt-get"}}, "tcp://10.0.0.1:2375", nil, "10.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			clean(t)
			t.Setenv("DOCKER_HOST", test.dockerHost)
			got, err := Plan(&test.host)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestPerform(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	m := &machine{}
	ready := func(context.Context) error { return nil }
	if err := perform(t.Context(), m, []Step{Install, Daemon}, &out, ready, time.Minute); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"apt-get update -q -oDPkg::Lock::Timeout=300",
		"apt-get install -y -q --no-install-recommends -oDPkg::Lock::Timeout=300 docker.io iptables",
		"dockerd &",
	}
	if !slices.Equal(m.ran, want) {
		t.Errorf("got %q, want %q", m.ran, want)
	}
	if !strings.Contains(out.String(), "installing docker.io") {
		t.Errorf("got output %q, want it to say what is installed", out.String())
	}
}

func TestPerformFails(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	never := func(context.Context) error { return errors.New("no answer") }
	t.Run("apt-get", func(t *testing.T) {
		m := &machine{fail: "install"}
		if err := perform(t.Context(), m, []Step{Install, Daemon}, io.Discard, never, time.Minute); err == nil || len(m.ran) != 2 {
			t.Errorf("got %v after %q, want an error and no daemon", err, m.ran)
		}
	})
	t.Run("the daemon ends", func(t *testing.T) {
		t.Parallel()
		m := &machine{exited: make(chan error, 1)}
		m.exited <- errors.New("exit status 1")
		err := perform(t.Context(), m, []Step{Daemon}, io.Discard, never, time.Minute)
		if err == nil || !strings.Contains(err.Error(), "exit status 1") {
			t.Errorf("got %v, want how the daemon ended", err)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		t.Parallel()
		err := perform(t.Context(), &machine{}, []Step{Systemctl}, io.Discard, never, 300*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), "no answer") {
			t.Errorf("got %v, want the last answer", err)
		}
	})
}

func TestDistribution(t *testing.T) {
	t.Parallel()
	got := distribution(strings.NewReader("NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n"))
	if want := []string{"linuxmint", "ubuntu", "debian"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConnect(t *testing.T) {
	t.Run("not running", func(t *testing.T) {
		clean(t)
		t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
		_, _, err := Connect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "none.sock") || !strings.Contains(problem.Next(err), "DOCKER_HOST") {
			t.Errorf("got %v, next %q, want an error that names the socket, and where it is from", err, problem.Next(err))
		}
	})
	t.Run("too old", func(t *testing.T) {
		clean(t)
		t.Setenv("DOCKER_HOST", "unix://"+dockerhosttest.Server{API: "1.40"}.Socket(t))
		_, _, err := Connect(t.Context())
		if !errors.Is(err, ErrTooOld) || !strings.Contains(err.Error(), "1.40") {
			t.Errorf("got %v, want ErrTooOld with the Docker host's API", err)
		}
		if err := Ensure(t.Context(), &machine{root: true}, io.Discard); !errors.Is(err, ErrTooOld) {
			t.Errorf("Ensure: got %v, want ErrTooOld", err)
		}
	})
	t.Run("running, in the current context", func(t *testing.T) {
		directory := clean(t)
		socket := dockerhosttest.Server{Info: system.Info{ServerVersion: "20.10.24"}}.Socket(t)
		createContext(t, directory, "mine", docker.EndpointMeta{Host: "unix://" + socket}, nil)
		t.Setenv("DOCKER_CONTEXT", "mine")
		cli, facts, err := Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = cli.Close()
		if facts.Version != "20.10.24" || facts.APIVersion != "1.41" || facts.Host != "unix://"+socket {
			t.Errorf("got %+v, want the Docker host of the context", facts)
		}
	})
}
