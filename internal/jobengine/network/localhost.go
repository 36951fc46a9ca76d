//go:build linux

package network

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// LocalhostCommand is the command of the program that runs LocalhostHook.
const LocalhostCommand = "localhost"

// routeLocalnet lets what is sent to a loopback address leave the network namespace.
const routeLocalnet = "/proc/sys/net/ipv4/conf/all/route_localnet"

// LocalhostHook makes ports of a loopback address mean those of another address in the network
// of a container. It is a hook of an OCI runtime, which gives it the container's state.
func LocalhostHook(state io.Reader, loopback, target string, ports ...string) error {
	var container struct{ PID int }
	if err := json.NewDecoder(state).Decode(&container); err != nil {
		return fmt.Errorf("reading the container's state: %w", err)
	}
	return Inside(container.PID, func() error {
		tables, err := iptables.New()
		if err != nil {
			return fmt.Errorf("finding iptables: %w", err)
		}
		for _, r := range localhostRules(loopback, target, strings.Join(ports, ",")) {
			if err := tables.Append(r.table, r.chain, r.spec...); err != nil {
				return fmt.Errorf("having %s mean the forge in a container: %w", loopback, err)
			}
		}
		if err := os.WriteFile(routeLocalnet, []byte("1"), 0o644); err != nil {
			return fmt.Errorf("letting a container send to %s: %w", loopback, err)
		}
		return nil
	})
}

// localhostRules translate what a container sends to ports of a loopback address. What others
// send to one is dropped, as the kernel does without routeLocalnet.
func localhostRules(loopback, target, ports string) []rule {
	const from = "-p tcp -m multiport --dports "
	return []rule{
		{"mangle", "PREROUTING", strings.Fields("! -i lo -d 127.0.0.0/8 -j DROP")},
		{"nat", "OUTPUT", strings.Fields("-d " + loopback + " " + from + ports + " -j DNAT --to-destination " + target)},
		{"nat", "POSTROUTING", strings.Fields("-s 127.0.0.0/8 -d " + target + " " + from + ports + " -j MASQUERADE")},
	}
}
