//go:build linux

package network

import (
	"fmt"
	"os"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// ipForward makes the outer half a router between jobs and the stack's network.
const ipForward = "/proc/sys/net/ipv4/ip_forward"

// Protect sets up the firewall for the job engines on the links. Whatever it does not
// name is dropped.
func Protect(links []Link, forge Forge, policy Policy) error {
	all, err := rules(links, forge, policy)
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
