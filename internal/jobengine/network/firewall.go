//go:build linux

package network

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// ipForward makes the outer half a router between jobs and the stack's network.
const ipForward = "/proc/sys/net/ipv4/ip_forward"

// Protect sets up the firewall for the job engines on the links. What no rule accepts is
// dropped.
func Protect(links []Link, forge Forge, policy Policy) (*Firewall, error) {
	all, err := rules(links, forge, policy)
	if err != nil {
		return nil, err
	}
	tables, err := iptables.New()
	if err != nil {
		return nil, fmt.Errorf("finding iptables: %w", err)
	}
	if err := tables.ChangePolicy("filter", "FORWARD", "DROP"); err != nil {
		return nil, fmt.Errorf("closing the firewall: %w", err)
	}
	if err := tables.NewChain("filter", proxyChain); err != nil {
		return nil, fmt.Errorf("creating the firewall's chain %s: %w", proxyChain, err)
	}
	for _, r := range all {
		if err := tables.Append(r.table, r.chain, r.spec...); err != nil {
			return nil, fmt.Errorf("adding the firewall's rule %s %q: %w", r.chain, strings.Join(r.spec, " "), err)
		}
	}
	if err := os.WriteFile(ipForward, []byte("1"), 0o644); err != nil {
		return nil, fmt.Errorf("forwarding what jobs send: %w", err)
	}
	return &Firewall{tables}, nil
}

// Firewall is the firewall that Protect has set up.
type Firewall struct{ tables *iptables.IPTables }

// Open lets jobs through to the port of an address, whatever address it is.
func (f *Firewall) Open(address netip.AddrPort) error {
	return f.tables.Append("filter", proxyChain, accept(address)...)
}

// Close takes back what one Open did.
func (f *Firewall) Close(address netip.AddrPort) error {
	return f.tables.Delete("filter", proxyChain, accept(address)...)
}

func accept(to netip.AddrPort) []string {
	return strings.Fields(fmt.Sprintf("-d %s -p tcp --dport %d -j ACCEPT", to.Addr(), to.Port()))
}
