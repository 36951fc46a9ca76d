package network

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Policy is what jobs may reach besides the forge.
type Policy string

// The policies.
const (
	Internet Policy = "internet" // what is on the public internet
	All      Policy = "all"      // all that the container reaches
	Nothing  Policy = "forge"    // nothing but the forge
)

// Forge is the forge's address.
type Forge struct {
	Address string // host and port on the stack's network, such as forge:3000
	Name    string // host in its canonical address: jobs reach it under this name
	// Others are further ports of its canonical address, and for each the host and port on
	// the stack's network that it means.
	Others map[string]string
}

// Ports are the ports of the canonical address, and for each what it means on the stack's
// network.
func (f Forge) Ports() map[string]string {
	ports := map[string]string{f.Port(): f.Address}
	maps.Copy(ports, f.Others)
	return ports
}

// Port returns the forge's port, which is the same on every address.
func (f Forge) Port() string {
	_, port, _ := net.SplitHostPort(f.Address)
	return port
}

// Loopback returns true if the canonical address is a loopback one, which has to lead to
// the forge in a job engine too.
func (f Forge) Loopback() bool {
	if f.Name == "localhost" || strings.HasSuffix(f.Name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(f.Name)
	return err == nil && ip.IsLoopback()
}

// LoopbackAddress returns the loopback address that leads to the forge, or "".
func (f Forge) LoopbackAddress() string {
	switch {
	case !f.Loopback():
		return ""
	case net.ParseIP(f.Name) != nil:
		return f.Name
	default:
		return "127.0.0.1"
	}
}

// IP returns true if the canonical address is an IPv4 address other than a loopback one.
func (f Forge) IP() bool {
	ip, err := netip.ParseAddr(f.Name)
	return err == nil && ip.Is4() && !ip.IsLoopback()
}

// special are the addresses that are not global by RFC 6890: those of the host, of its
// networks and of its cloud.
var special = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
}

// anyLink is the iptables pattern that matches the interfaces of all Links.
const anyLink = "jobs+"

// proxyChain has a rule for each address of a proxy; see Proxies.
const proxyChain = "proxies"

// rule is one rule of the firewall.
type rule struct {
	table, chain string
	spec         []string
}

// rules returns the rules for what the jobs on the links may reach. They match the link
// that a packet comes from, because a job engine can choose its source address. The policy
// of FORWARD drops what comes from elsewhere to a job engine.
func rules(links []Link, forge Forge, policy Policy, allow []Destination) ([]rule, error) {
	if policy != Internet && policy != All && policy != Nothing {
		return nil, fmt.Errorf("unknown network policy %q", policy)
	}
	var all []rule
	add := func(table, chain, spec string) { all = append(all, rule{table, chain, strings.Fields(spec)}) }
	// A job engine gives its own address to what its containers send. An answer to another
	// one would leave by the stack's network, which no rule is for.
	for _, l := range links {
		for _, chain := range []string{"FORWARD", "INPUT"} {
			add("filter", chain, "-i "+l.Name+" ! -s "+l.Inside.String()+" -j DROP")
		}
	}
	const answers = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
	add("filter", "FORWARD", answers)
	add("filter", "INPUT", "-i lo -j ACCEPT")
	add("filter", "INPUT", answers)
	// First of all rules: no job may reach the next job engine.
	for _, from := range links {
		for _, to := range links {
			add("filter", "FORWARD", "-i "+from.Name+" -o "+to.Name+" -j DROP")
		}
	}
	if policy != Nothing {
		add("filter", "FORWARD", "-i "+anyLink+" -j "+proxyChain)
	}
	if policy == Internet {
		for _, d := range allow {
			add("filter", "FORWARD", fmt.Sprintf("-i %s -d %s -p tcp --dport %d -j ACCEPT", anyLink, d.Network, d.Port))
		}
		for _, net := range special {
			add("filter", "FORWARD", "-i "+anyLink+" -d "+net+" -j REJECT")
		}
	}
	for _, l := range links {
		from := "-i " + l.Name
		if policy == Nothing {
			add("filter", "FORWARD", from+" -j REJECT")
		} else {
			add("filter", "FORWARD", from+" -j ACCEPT")
		}
		add("nat", "POSTROUTING", "-s "+l.Inside.String()+" -j MASQUERADE")
		here := from + " -d " + l.Outside.String()
		add("filter", "INPUT", here+" -p udp --dport 53 -j ACCEPT")
		add("filter", "INPUT", here+" -p tcp --dport 53 -j ACCEPT")
		for _, port := range slices.Sorted(maps.Keys(forge.Ports())) {
			add("filter", "INPUT", here+" -p tcp --dport "+port+" -j ACCEPT")
			if forge.IP() {
				add("nat", "PREROUTING", from+" -d "+forge.Name+" -p tcp --dport "+port+
					" -j DNAT --to-destination "+net.JoinHostPort(l.Outside.String(), port))
			}
		}
		add("filter", "INPUT", from+" -j REJECT")
	}
	return all, nil
}
