package doctor

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost/dockerhosttest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

func TestPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // after the parallel subtests
	taken := listener.Addr().(*net.TCPAddr).Port
	bindings := []binding{
		{"forge-a", "mine", "127.0.0.1", 1}, {"forge-b", "theirs", "0.0.0.0", 2}, {"web", "", "127.0.0.1", 3},
		{"forge-a", "mine", "127.0.0.1", 4}, {"lan", "", "10.0.0.1", 4},
	}
	tests := map[string]struct {
		port         int
		address      string
		state        State
		detail, next string
	}{
		"taken by a program":            {taken, "127.0.0.1", Failed, "another program", fmt.Sprintf("httpPort=%d", taken+1)},
		"free":                          {0, "127.0.0.1", OK, "free", ""},
		"this stack's":                  {1, "127.0.0.1", OK, "this stack's own", ""},
		"another stack's":               {2, "127.0.0.1", Failed, `stack "theirs"`, "pipeline down --stack theirs"},
		"another container's":           {3, "127.0.0.1", Failed, "container web", "httpPort=4"},
		"another's beside this stack's": {4, "0.0.0.0", Failed, "container lan", "httpPort=5"},
		"no such address":               {0, "192.0.2.1", Failed, "cannot be bound", "bindAddress"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Settings{Stack: "mine", Config: config.Config{BindAddress: test.address}}
			got := port(s, test.port, "httpPort", bindings, true)
			if got.State != test.state || !strings.Contains(got.Detail, test.detail) || !strings.Contains(got.Next, test.next) {
				t.Errorf("got %+v, want %+v", got, test)
			}
		})
	}
	t.Run("on another machine", func(t *testing.T) {
		t.Parallel()
		s := Settings{Stack: "mine", Config: config.Config{BindAddress: "127.0.0.1"}}
		if got := port(s, taken, "httpPort", bindings, false); got.State != OK {
			t.Errorf("got %+v, want ok: the program is on this machine, the forge will not be", got)
		}
	})
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.5", false},
		{"127.0.0.1", "10.0.0.1", false},
		{"0.0.0.0", "127.0.0.1", true},
		{"10.0.0.1", "0.0.0.0", true},
		{"0.0.0.0", "0.0.0.0", true},
		{"::", "::1", true},
		{"::", "127.0.0.1", false},
		{"0.0.0.0", "::1", false},
		{"::ffff:127.0.0.1", "127.0.0.1", true},
		{"", "127.0.0.1", true},
	} {
		if got := overlap(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: got %t, want %t", test.a, test.b, got, test.want)
		}
	}
}

// TestPublished asks a Docker host whose containers publish by other protocols, or nothing.
func TestPublished(t *testing.T) {
	socket := dockerhosttest.Server{Containers: []container.Summary{
		{ID: "1", Names: []string{"/dns"}, Ports: []container.Port{{PublicPort: 3000, Type: "udp", IP: "0.0.0.0"}}},
		{ID: "2", Names: []string{"/sctp"}, Ports: []container.Port{{PublicPort: 3000, Type: "sctp", IP: "0.0.0.0"}}},
		{ID: "3", Names: []string{"/internal"}, Ports: []container.Port{{PrivatePort: 3000, Type: "tcp"}}},
		{ID: "4", Labels: map[string]string{naming.StackLabel: "theirs"}, Ports: []container.Port{{PublicPort: 2222, Type: "tcp", IP: "0.0.0.0"}}},
	}}.Socket(t)
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	cli, err := dockerhost.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cli.Close() }()
	got, err := published(t.Context(), cli)
	if want := (binding{"4", "theirs", "0.0.0.0", 2222}); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v, want %+v alone", got, err, want)
	}
}
