package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

var hostName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)

// checkAddresses finds what is wrong with bindAddress and host, and what does not fit together.
func (c Config) checkAddresses(r *reader) {
	bind, err := netip.ParseAddr(c.BindAddress)
	if err != nil {
		r.fail("bindAddress", "is %q; set it to an IP address such as 127.0.0.1, or 0.0.0.0 for all", c.BindAddress)
	}
	if !hostName.MatchString(c.Host) {
		r.fail("host", "is %q; set it to a host name such as localhost or git.example.org, or an IPv4 address", c.Host)
		return
	}
	if ip, err := netip.ParseAddr(c.Host); err == nil && ip.IsUnspecified() {
		r.fail("host", "is %q, which is no address to connect to; set it to the name or address that browsers and Docker use, and bindAddress to %s", c.Host, c.Host)
		return
	}
	loopback := c.LoopbackAddress()
	if loopback == "" || err != nil || bind.IsUnspecified() || bind.String() == loopback {
		return
	}
	r.fail("bindAddress", "is %s, and host is %s, which is %s, where nothing would listen; set bindAddress to %s, or host to a name or address that leads to %s",
		c.BindAddress, c.Host, loopback, loopback, c.BindAddress)
}

// Registry is the address of the forge's registry, and the forge's own.
func (c Config) Registry() string {
	return net.JoinHostPort(c.Host, strconv.Itoa(c.HTTPPort))
}

// URL is the forge's one canonical address.
func (c Config) URL() string { return "http://" + c.Registry() }

// LocalURL is how this host reaches the forge.
func (c Config) LocalURL() string {
	address := c.BindAddress
	if ip, err := netip.ParseAddr(address); err == nil && ip.IsUnspecified() {
		address = "127.0.0.1"
		if ip.Is6() {
			address = "::1"
		}
	}
	return "http://" + net.JoinHostPort(address, strconv.Itoa(c.HTTPPort))
}

// LoopbackAddress is the loopback address that the host's name means, which is
// each machine and each container itself, so that a runner needs a forward from
// there to the forge. It is "" when the name means the same machine everywhere.
func (c Config) LoopbackAddress() string {
	host := strings.ToLower(c.Host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return ip.String()
	}
	return ""
}

// RunnerAddress is the address of a runner's own container that stands for the forge there, so that
// what the runner sends passes its proxy. It is "" when the host is an address of a network: a
// container cannot have it.
func (c Config) RunnerAddress() string {
	if _, err := netip.ParseAddr(c.Host); err == nil || c.Loopback() {
		return c.LoopbackAddress()
	}
	return "127.0.0.1"
}

// CacheURL is where jobs reach the cache of workflows, with a slash at its end; "" where they
// do not. A job on the Docker host itself reaches what the host publishes alone.
func (c Config) CacheURL() string {
	if c.RunnerAddress() == "" || c.Runner.Engine == EngineHost {
		return ""
	}
	return "http://" + net.JoinHostPort(c.Host, strconv.Itoa(CachePort)) + "/"
}

// ModulesURL is where jobs reach the mirror of Go modules; "" where there is none.
func (c Config) ModulesURL() string {
	if c.CacheURL() == "" || c.ModulesSize == 0 {
		return ""
	}
	return c.CacheURL() + "go-modules"
}

// CachePort is the port of the canonical address where jobs reach the cache of workflows. It is
// below those that systems give to outgoing connections, and no well-known one.
const CachePort = 31008

// Loopback tells whether the host's name means each machine itself.
func (c Config) Loopback() bool { return c.LoopbackAddress() != "" }

// Image is the published image of the service. Image names are in lower case,
// whatever the owner's name is; .gitea/workflows/ci.yaml makes the same name.
func (c Config) Image() string { return c.ImageOf("latest") }

// ImageOf is the service's image of a tag: a commit's hash, or latest.
func (c Config) ImageOf(tag string) string {
	return c.Registry() + "/" + strings.ToLower(c.Owner) + "/service:" + tag
}
