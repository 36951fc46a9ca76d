package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Proxy is how job engines, runners and jobs reach the internet. Nothing in it
// is a secret: the containers' environment shows it.
type Proxy struct {
	HTTP    string // proxy.http: a URL, for http://; "" for none
	HTTPS   string // proxy.https: a URL, for https://; "" for none
	NoProxy string // proxy.noProxy: hosts that are reached directly, beside the forge
}

// defaultPorts are those of a proxy's URL without one.
var defaultPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080"}

// noProxyHost is an entry of proxy.noProxy that is neither an address nor a network: a host or a
// domain, with or without a port, or * for all.
var noProxyHost = regexp.MustCompile(`^(\*|(\*?\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?(:[0-9]{1,5})?)$`)

// proxyHost is the host of a proxy's URL.
var proxyHost = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$`)

// proxy reads proxy.http, proxy.https and proxy.noProxy.
func (r *reader) proxy(network string) Proxy {
	p := Proxy{HTTP: r.proxyURL("proxy.http"), HTTPS: r.proxyURL("proxy.https"), NoProxy: r.text("proxy.noProxy", "")}
	if p.NoProxy != "" && p.HTTP == "" && p.HTTPS == "" {
		r.fail("proxy.noProxy", "is set, and neither proxy.http nor proxy.https is; set one of them, or remove it")
	}
	for entry := range strings.SplitSeq(p.NoProxy, ",") {
		_, notAddress := netip.ParseAddr(entry)
		_, notNetwork := netip.ParsePrefix(entry)
		if p.NoProxy != "" && notAddress != nil && notNetwork != nil && !noProxyHost.MatchString(entry) {
			r.fail("proxy.noProxy", "contains %q, which is no host, domain, address or network; set it to some with commas and no spaces between them, such as .example.org,10.0.0.0/8", entry)
		}
	}
	if network == NetworkForge && len(p.Addresses()) > 0 {
		r.fail("runner.network", "is %s, so that no job would reach the proxy; set it to %s, or remove proxy.http and proxy.https", NetworkForge, NetworkInternet)
	}
	return p
}

func (r *reader) proxyURL(name string) string {
	text := r.text(name, "")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || defaultPorts[u.Scheme] == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		r.fail(name, "is no URL of a proxy; set it to one such as http://proxy.example.org:3128")
		return ""
	}
	if u.User != nil { // and not shown again
		r.fail(name, "has a user name or password, which every job and `docker inspect` would show; remove it, and use a proxy that lets these containers in by address, such as one on the Docker host that signs in to the other")
		return ""
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		r.fail(name, "is on %s, which in a container is that container; set it to an address of the Docker host that containers reach", u.Hostname())
		return ""
	}
	if err == nil && ip.Is6() {
		r.fail(name, "is on %s, and jobs and job engines have no IPv6; set it to the proxy's IPv4 address, or to its name", u.Hostname())
		return ""
	}
	if !proxyHost.MatchString(u.Hostname()) {
		r.fail(name, "is on the host %q, which is no host name; correct it, to a URL such as http://proxy.example.org:3128", u.Hostname())
		return ""
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		r.fail(name, "has the port %s; set it to one from 1 to 65535", u.Port())
		return ""
	}
	return strings.TrimRight(text, "/")
}

// Addresses are the proxies' hosts and ports, each once.
func (p Proxy) Addresses() []string {
	var addresses []string
	for _, text := range []string{p.HTTP, p.HTTPS} {
		u, err := url.Parse(text)
		if text == "" || err != nil {
			continue
		}
		port := u.Port()
		if port == "" {
			port = defaultPorts[u.Scheme]
		}
		if address := net.JoinHostPort(u.Hostname(), port); !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// ProxyEnvironment are the variables, in both cases, by which programs find the
// proxies. The forge and loopback addresses are never asked through one; direct
// are more hosts for which that holds.
func (c Config) ProxyEnvironment(direct ...string) map[string]string {
	env := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			env[name], env[strings.ToLower(name)] = value, value
		}
	}
	set("HTTP_PROXY", c.Proxy.HTTP)
	set("HTTPS_PROXY", c.Proxy.HTTPS)
	if len(env) == 0 {
		return env
	}
	hosts := slices.Concat([]string{c.Host, "localhost", ".localhost", "127.0.0.0/8", "127.0.0.1", "::1"}, direct)
	if c.Proxy.NoProxy != "" {
		hosts = append(hosts, strings.Split(c.Proxy.NoProxy, ",")...)
	}
	var once []string
	for _, host := range hosts {
		if host != "" && !slices.Contains(once, host) {
			once = append(once, host)
		}
	}
	set("NO_PROXY", strings.Join(once, ","))
	return env
}
