package network

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Policy says what jobs reach beside the forge.
type Policy string

// The policies.
const (
	Internet Policy = "internet" // what is on the public internet
	All      Policy = "all"      // all that the container reaches
	Nothing  Policy = "forge"    // nothing but the forge
)

// Forge is where the forge is.
type Forge struct {
	Address string // host and port on the stack's network, such as forge:3000
	Name    string // host in its canonical address: jobs reach it under this name
}

// Port is the port that the forge has on every address.
func (f Forge) Port() string {
	_, port, _ := net.SplitHostPort(f.Address)
	return port
}

// Loopback is whether the canonical address is the machine's own, which then has to mean
// the forge in a job engine too.
func (f Forge) Loopback() bool {
	if f.Name == "localhost" || strings.HasSuffix(f.Name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(f.Name)
	return err == nil && ip.IsLoopback()
}

// LoopbackAddress is the machine's own address that means the forge; empty if none does.
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

// IP is whether the canonical address is an address of IPv4 that is not the machine's own.
func (f Forge) IP() bool {
	ip, err := netip.ParseAddr(f.Name)
	return err == nil && ip.Is4() && !ip.IsLoopback()
}

// special are the addresses of RFC 6890 that are not global: the host's, its networks',
// its cloud's.
var special = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
}

// anyLink is iptables' pattern of the names of all Links.
const anyLink = "jobs+"

// rule is one rule of the firewall.
type rule struct {
	table, chain string
	spec         []string
}

// rules are what the jobs on the links may reach. A packet is known by the link that it
// comes from: its source address is for the job engine to choose. What comes from
// elsewhere for a job engine is dropped by the policy of FORWARD.
func rules(links []Link, forge Forge, policy Policy, proxies []string) ([]rule, error) {
	if policy != Internet && policy != All && policy != Nothing {
		return nil, fmt.Errorf("unknown network policy %q", policy)
	}
	var all []rule
	add := func(table, chain, spec string) { all = append(all, rule{table, chain, strings.Fields(spec)}) }
	const answers = "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
	add("filter", "FORWARD", answers)
	add("filter", "INPUT", "-i lo -j ACCEPT")
	add("filter", "INPUT", answers)
	// Before all that lets a job through: the next job engine is for no job to reach.
	for _, from := range links {
		for _, to := range links {
			add("filter", "FORWARD", "-i "+from.Name+" -o "+to.Name+" -j DROP")
		}
	}
	if policy != Nothing {
		for _, proxy := range proxies {
			if host, port, err := net.SplitHostPort(proxy); err == nil {
				add("filter", "FORWARD", "-i "+anyLink+" -d "+host+" -p tcp --dport "+port+" -j ACCEPT")
			}
		}
	}
	if policy == Internet {
		for _, net := range special {
			add("filter", "FORWARD", "-i "+anyLink+" -d "+net+" -j REJECT")
		}
	}
	for _, l := range links {
		from := "-i " + l.Name
		if policy == Nothing {
			add("filter", "FORWARD", from+" -j REJECT")
		} else {
			add("filter", "FORWARD", from+" -s "+l.Inside.String()+" -j ACCEPT")
		}
		add("nat", "POSTROUTING", "-s "+l.Inside.String()+" -j MASQUERADE")
		here := from + " -d " + l.Outside.String()
		add("filter", "INPUT", here+" -p udp --dport 53 -j ACCEPT")
		add("filter", "INPUT", here+" -p tcp --dport 53 -j ACCEPT")
		add("filter", "INPUT", here+" -p tcp --dport "+forge.Port()+" -j ACCEPT")
		add("filter", "INPUT", from+" -j REJECT")
		if forge.IP() {
			add("nat", "PREROUTING", from+" -d "+forge.Name+" -p tcp --dport "+forge.Port()+
				" -j DNAT --to-destination "+net.JoinHostPort(l.Outside.String(), forge.Port()))
		}
	}
	return all, nil
}
