package doctor

import (
	"net"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// TestProxies has one proxy that listens and one that does not.
func TestProxies(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	s := Settings{Stack: "dev", Config: config.Config{Proxy: config.Proxy{
		HTTP: "http://" + listener.Addr().String(), HTTPS: "http://" + gone.Addr().String(),
	}}}
	local := dockerhost.Facts{Host: "unix:///var/run/docker.sock", Endpoint: dockerhost.Endpoint{Host: "unix:///var/run/docker.sock"}}
	got := proxies(t.Context(), s, local)
	if len(got) != 2 || got[0].State != OK || got[1].State != Warning {
		t.Fatalf("got %+v, want the first to be well and a warning about the second", got)
	}
	if !strings.Contains(got[1].Detail, gone.Addr().String()) || !strings.Contains(got[1].Next, "--stack dev -c proxy.https=") {
		t.Errorf("got %+v, want the address and how to correct it", got[1])
	}
	remote := dockerhost.Facts{Host: "ssh://root@example.org", Endpoint: dockerhost.Endpoint{Host: "ssh://root@example.org"}}
	if got := proxies(t.Context(), s, remote); len(got) != 0 {
		t.Errorf("a remote Docker host: got %+v, want nothing, as this machine may reach other addresses", got)
	}
	if got := proxies(t.Context(), Settings{}, local); len(got) != 0 {
		t.Errorf("no proxy: got %+v, want nothing", got)
	}
}
