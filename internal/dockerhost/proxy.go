package dockerhost

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"

	cliconfig "github.com/docker/cli/cli/config"
	"golang.org/x/net/http/httpproxy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Proxies are the proxy variables that builds and containers need to reach other
// networks, in upper and lower case, because programs read one or the other. They are from
// the Docker CLI's `proxies` setting, which is meant for containers, and for what is not set
// there, from this process's environment. Without a proxy there are none.
func Proxies(host string) (map[string]string, error) {
	directory, err := configDirectory()
	if err != nil {
		return nil, err
	}
	cfg, err := cliconfig.Load(directory)
	if err != nil {
		return nil, problem.New("reading the Docker CLI's proxies", err, "correct "+filepath.Join(directory, cliconfig.ConfigFileName))
	}
	found := map[string]string{}
	for name, value := range cfg.ParseProxyConfig(host, nil) {
		found[name] = *value
	}
	env := httpproxy.FromEnvironment()
	for name, value := range map[string]string{
		"HTTP_PROXY": env.HTTPProxy, "HTTPS_PROXY": env.HTTPSProxy, "NO_PROXY": env.NoProxy,
	} {
		if _, ok := found[name]; value != "" && !ok {
			found[name], found[strings.ToLower(name)] = value, value
		}
	}
	return found, nil
}

// LoopbackProxy tells whether one of the proxies listens on a loopback address, which
// from a container's own network is the container itself.
func LoopbackProxy(proxies map[string]string) bool {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		address := proxies[name]
		if address != "" && !strings.Contains(address, "://") {
			address = "http://" + address
		}
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return true
		}
	}
	return false
}
