//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
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
	listener, err := net.Listen("tcp", net.JoinHostPort(bridgeAddress(t).String(), "0"))
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

// laterProxy is the host of a proxy that no name server knows until giveName.
const laterProxy = "later-proxy.invalid"

// TestProxyOfJobs has the internet behind two proxies: one on the local network, at an address
// that Docker itself would use in a job engine, and one whose name is unknown at first. Builds,
// jobs, and the containers and pulls of jobs use them; nobody asks them for the forge, nor the
// proxy that is in the user's own environment. The forge is on a loopback address that is not
// 127.0.0.1, where a job publishes too.
func TestProxyOfJobs(t *testing.T) {
	t.Parallel()
	unique := strings.ToLower(rand.Text()) + ".invalid" // Docker keeps the layers of builds
	p := newProject(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "service", "Dockerfile")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fetch := "COPY . ./\nRUN test \"$(curl --silent --show-error http://service." + unique + "/)\" = proxied\n"
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), "COPY . ./\n", fetch, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		gitCheckout(t, dir)
	})
	p.host = "127.0.0.5"
	proxy, users := newForwardProxy(t), newForwardProxy(t)
	shell := []string{"HTTP_PROXY=" + users.url, "HTTPS_PROXY=" + users.url, "http_proxy=" + users.url, "https_proxy=" + users.url, "NO_PROXY=", "no_proxy="}
	up := append(p.upArgs(), "-c", "host=127.0.0.5", "-c", "bindAddress=127.0.0.5",
		"-c", "proxy.http="+proxy.url, "-c", "proxy.https=http://"+laterProxy+":3128")
	p.runEnv(t.Context(), shell, up...).must(t, 0, "is up", laterProxy+":3128", "proxy.https=<URL>")
	p.runEnv(t.Context(), shell, up...).must(t, 0, "nothing to change")
	if got, want := p.status().URLs["forgeUrl"], fmt.Sprintf("http://127.0.0.5:%d", p.http); got != want {
		t.Errorf("got the forge at %s, want %s", got, want)
	}
	p.run(t.Context(), "doctor").must(t, 0, "registry access")

	engine := p.container("runner-0-engine")
	p.run(t.Context(), "doctor").must(t, 0, "jobs do not reach it", laterProxy)
	p.giveName(laterProxy, proxy)
	p.awaitLog(engine, "the proxy "+laterProxy+":3128 is known now")
	if got := strings.Count(docker(t, "logs", engine), "jobs do not reach the proxy "+laterProxy); got != 1 {
		t.Errorf("got %d warnings, want one:\n%s", got, docker(t, "logs", engine))
	}
	if restarts := docker(t, "inspect", "--format", "{{.RestartCount}}", engine); restarts != "0" {
		t.Errorf("got a job engine that was restarted %s times", restarts)
	}
	if r := p.run(t.Context(), "doctor"); r.code != 0 || strings.Contains(r.out, "jobs do not reach it") {
		t.Errorf("got exit code %d, want no warning about a proxy that jobs reach:\n%s", r.code, r.out)
	}

	repo := p.owner().newRepository("proxied")
	script := strings.Join([]string{
		`proxied() { test "$(curl --silent --show-error "$1")" = proxied; }`,
		`proxied http://job.` + unique,
		fmt.Sprintf(`curl --silent --show-error --fail http://127.0.0.5:%d/api/healthz`, p.http),
		// The job engine has the job image alone.
		`printf 'FROM %s\nRUN test "$(curl --silent --show-error http://build.` + unique + `)" = proxied\n' "$(docker images --format '{{.Repository}}:{{.Tag}}')" | docker build --tag built -`,
		`test "$(docker run --rm built curl --silent --show-error http://container.` + unique + `)" = proxied`,
		`{ docker history --no-trunc built; docker inspect built; } | grep ` + strings.TrimPrefix(proxy.url, "http://") + ` && exit 1`,
		`docker network create other`, // jobs reach the local network beside their own networks
		`test "$(docker run --rm --network other built curl --silent --show-error http://network.` + unique + `)" = proxied`,
		`tar --create /etc/hostname | docker import - "${{ vars.REGISTRY_HOST }}/gitops/small:1"`,
		`echo "${{ secrets.REGISTRY_PASS }}" | docker login --username "${{ secrets.REGISTRY_USER }}" --password-stdin "${{ vars.REGISTRY_HOST }}"`,
		`docker push "${{ vars.REGISTRY_HOST }}/gitops/small:1"`,
		`docker pull registry.` + unique + `/some/image:1 && exit 1`,
		`true`,
	}, "\n          ")
	repo.push([]string{"proxied"}, map[string]string{"proxied": script})
	repo.mustSucceed("proxied")

	hosts := proxy.hosts()
	for _, want := range []string{"service.", "job.", "build.", "container.", "network.", "registry."} {
		if !slices.ContainsFunc(hosts, func(h string) bool { return strings.HasPrefix(h, want+unique) }) {
			t.Errorf("the proxy was asked for %q, want %s%s among them", hosts, want, unique)
		}
	}
	for _, host := range append(hosts, users.hosts()...) {
		if strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "forge") || strings.HasPrefix(host, "localhost") {
			t.Errorf("a proxy was asked for %s", host)
		}
	}
	for _, image := range strings.Fields(docker(t, "images", "--quiet", "--no-trunc", "--filter", "label="+label+"="+p.stack)) {
		if text := docker(t, "history", "--no-trunc", image) + docker(t, "inspect", image); strings.Contains(text, proxy.url) {
			t.Errorf("the image %s shows the proxy:\n%s", image, text)
		}
	}
}

// giveName has the name servers of the stack's network know a name, behind which the proxy is.
func (p *project) giveName(name string, proxy *forwardProxy) {
	p.t.Helper()
	program := filepath.Join(p.t.TempDir(), "forward")
	build := exec.Command("go", "build", "-o", program, "./testdata/forward/main.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		p.t.Fatalf("building the program that forwards: %v\n%s", err, out)
	}
	engine := p.container("runner-0-engine")
	image := docker(p.t, "inspect", "--format", "{{.Config.Image}}", engine)
	network := docker(p.t, "inspect", "--format", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}", engine)
	id := docker(p.t, "run", "--detach", "--network", network, "--network-alias", name,
		"--volume", program+":/forward:ro", "--entrypoint", "/forward", image, ":3128", strings.TrimPrefix(proxy.url, "http://"))
	p.t.Cleanup(func() { docker(p.t, "rm", "--force", "--volumes", id) })
}

// awaitLog waits until a container's log has a text.
func (p *project) awaitLog(container, text string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(docker(p.t, "logs", container), text); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("got no %q in %s:\n%s", text, patience, docker(p.t, "logs", container))
		}
	}
}
