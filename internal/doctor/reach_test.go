package doctor

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/system"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// insecure is what a Docker host reports of its registries.
func insecure(cidrs []string, hosts ...string) *registry.ServiceConfig {
	c := &registry.ServiceConfig{IndexConfigs: map[string]*registry.IndexInfo{"docker.io": {Secure: true}}}
	for _, cidr := range cidrs {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			panic(err)
		}
		c.InsecureRegistryCIDRs = append(c.InsecureRegistryCIDRs, (*registry.NetIPNet)(network))
	}
	for _, host := range hosts {
		c.IndexConfigs[host] = &registry.IndexInfo{Name: host}
	}
	return c
}

func TestRegistryTrust(t *testing.T) {
	t.Parallel()
	loopback := []string{"127.0.0.0/8", "::1/128"}
	known := map[string][]string{"localhost": {"::1", "127.0.0.1"}, "git.example.org": {"10.1.2.3"}, "127.0.0.5": {"127.0.0.5"}}
	for name, test := range map[string]struct {
		host     string
		trusted  *registry.ServiceConfig
		want     State // "" for no result
		why, fix string
	}{
		"defaults":                             {"localhost", insecure(loopback), OK, "", ""},
		"defaults of a host without IPv6":      {"localhost", insecure(loopback[:1]), OK, "", ""},
		"defaults, another loopback address":   {"127.0.0.5", insecure(loopback), OK, "", ""},
		"29.10 with another registry":          {"localhost", insecure(nil, "registry.example.org:5000"), Failed, "29.10", `add "localhost:3000"`},
		"29.10 with an empty list":             {"localhost", insecure(nil), Failed, "29.10", "insecure-registries"},
		"29.10 with the forge's":               {"localhost", insecure(nil, "localhost:3000"), OK, "", ""},
		"29.10 with the forge's under a port":  {"localhost", insecure(nil, "localhost:3001"), Failed, "29.10", `add "localhost:3000"`},
		"before 29.10 with another registry":   {"localhost", insecure(loopback, "registry.example.org:5000"), OK, "", ""},
		"a name of one's own":                  {"git.example.org", insecure(loopback), Failed, "not among", `add "git.example.org:3000"`},
		"a name of one's own, listed":          {"git.example.org", insecure(loopback, "git.example.org:3000"), OK, "", ""},
		"a name of one's own, in a network":    {"git.example.org", insecure([]string{"10.0.0.0/8"}), OK, "", ""},
		"a name that does not resolve":         {"nowhere.example.org", insecure([]string{"10.0.0.0/8"}), Failed, "not among", `add "nowhere.example.org:3000"`},
		"a host that does not tell":            {"localhost", nil, "", "", ""},
		"a loopback name that is not resolved": {"forge.localhost", insecure(loopback), Failed, "", `add "forge.localhost:3000"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lookup := func(_ context.Context, host string) ([]string, error) {
				if found, ok := known[host]; ok {
					return found, nil
				}
				return nil, errors.New("no such host")
			}
			s := Settings{Stack: "dev", Config: config.Config{Host: test.host, HTTPPort: 3000}}
			got := registryTrust(t.Context(), s, dockerhost.Facts{Info: system.Info{RegistryConfig: test.trusted}}, lookup)
			if test.want == "" {
				if len(got) != 0 {
					t.Errorf("got %+v, want nothing", got)
				}
				return
			}
			if len(got) != 1 || got[0].State != test.want || !strings.Contains(got[0].Detail, test.why) || !strings.Contains(got[0].Next, test.fix) {
				t.Errorf("got %+v, want %s with %q and %q", got, test.want, test.why, test.fix)
			}
		})
	}
}

func TestRemoteForge(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	forwarded := listener.Addr().(*net.TCPAddr).Port
	for name, test := range map[string]struct {
		host, bind string
		port       int
		want       State // "" for no result
	}{
		"this machine":                        {"unix:///x.sock", "127.0.0.1", 1, ""},
		"loopback there":                      {"ssh://root@example.org", "127.0.0.1", 1, Failed},
		"every address there":                 {"tcp://10.0.0.1:2376", "0.0.0.0", 1, Failed},
		"loopback there, forwarded to here":   {"ssh://root@example.org", "127.0.0.1", forwarded, Info},
		"an address of the Docker host's own": {"ssh://root@example.org", "10.0.0.1", 1, Info},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Settings{Stack: "dev", Config: config.Config{Host: "localhost", BindAddress: test.bind, HTTPPort: test.port}}
			got := remoteForge(t.Context(), s, dockerhost.Facts{Host: test.host, Endpoint: dockerhost.Endpoint{Host: test.host}})
			if test.want == "" {
				if len(got) != 0 {
					t.Errorf("got %+v, want nothing", got)
				}
				return
			}
			if len(got) != 1 || got[0].State != test.want {
				t.Fatalf("got %+v, want %s", got, test.want)
			}
			if test.want == Failed && (!strings.Contains(got[0].Next, "bindAddress=") || !strings.Contains(got[0].Next, "ssh -N -L "+strconv.Itoa(test.port))) {
				t.Errorf("got advice %q, want both ways to reach the forge", got[0].Next)
			}
		})
	}
}

func TestHostSocket(t *testing.T) {
	t.Parallel()
	rootless := dockerhost.Facts{Info: system.Info{SecurityOptions: []string{"name=seccomp,profile=default", "name=rootless"}}}
	s := Settings{Stack: "dev", Config: config.Config{Runner: config.RunnerConfig{Engine: config.EngineHost}}}
	if got := hostSocket(s, rootless); len(got) != 1 || got[0].State != Failed || !strings.Contains(got[0].Next, "runner.engine=own") {
		t.Errorf("got %+v, want a failure with advice", got)
	}
	if got := hostSocket(s, dockerhost.Facts{}); len(got) != 0 {
		t.Errorf("an ordinary Docker host: got %+v, want nothing", got)
	}
	s.Config.Runner.Engine = config.EngineOwn
	if got := hostSocket(s, rootless); len(got) != 0 {
		t.Errorf("job engines of their own: got %+v, want nothing", got)
	}
}

func TestProviderHost(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "config:\n  docker:host: unix:///elsewhere.sock\n")
	facts := dockerhost.Facts{Endpoint: dockerhost.Endpoint{Host: "unix:///here.sock", Source: "DOCKER_HOST"}}
	got := providerHost(Settings{Project: p, Stack: "dev"}, facts)
	if len(got) != 1 || got[0].State != Failed || !strings.Contains(got[0].Detail, "unix:///elsewhere.sock") || !strings.Contains(got[0].Next, "docker:host") {
		t.Errorf("got %+v, want a failure that names the other host and the key", got)
	}
	if got := providerHost(Settings{Project: p, Stack: "plain"}, facts); len(got) != 0 {
		t.Errorf("without the key: got %+v, want nothing", got)
	}
}
