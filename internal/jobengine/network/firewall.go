//go:build linux

package network

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// ipForward makes the outer half a router between jobs and the stack's network.
const ipForward = "/proc/sys/net/ipv4/ip_forward"

// Protect sets up the firewall for the job engines on the links. What no rule accepts is
// dropped. Proxies, each a host and a port, are accepted at any address. With the policy
// Internet, so are the destinations.
func Protect(ctx context.Context, links []Link, forge Forge, policy Policy, proxies []string, allow []Destination) error {
	allowed, err := resolveAll(ctx, proxies)
	if err != nil {
		return err
	}
	all, err := rules(links, forge, policy, allowed, allow)
	if err != nil {
		return err
	}
	tables, err := iptables.New()
	if err != nil {
		return fmt.Errorf("finding iptables: %w", err)
	}
	if err := tables.ChangePolicy("filter", "FORWARD", "DROP"); err != nil {
		return fmt.Errorf("closing the firewall: %w", err)
	}
	for _, r := range all {
		if err := tables.Append(r.table, r.chain, r.spec...); err != nil {
			return fmt.Errorf("adding the firewall's rule %s %q: %w", r.chain, strings.Join(r.spec, " "), err)
		}
	}
	if err := os.WriteFile(ipForward, []byte("1"), 0o644); err != nil {
		return fmt.Errorf("forwarding what jobs send: %w", err)
	}
	return nil
}

// resolveAll resolves hosts with ports to IPv4 addresses with ports.
func resolveAll(ctx context.Context, hostPorts []string) ([]string, error) {
	var all []string
	for _, hostPort := range hostPorts {
		host, port, err := net.SplitHostPort(hostPort)
		if err != nil {
			return nil, fmt.Errorf("understanding the proxy %s: %w", hostPort, err)
		}
		ips, err := net.DefaultResolver.LookupIP(ctx, "ip4", host)
		if err != nil {
			return nil, fmt.Errorf("looking up the proxy %s: %w", host, err)
		}
		for _, ip := range ips {
			all = append(all, net.JoinHostPort(ip.String(), port))
		}
	}
	return all, nil
}
