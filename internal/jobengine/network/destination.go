package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Special returns whether the policy Internet refuses an address to jobs.
func Special(address netip.Addr) bool {
	return slices.ContainsFunc(special, func(network string) bool { return netip.MustParsePrefix(network).Contains(address) })
}

// Destination is a port of all addresses of a network. Jobs reach it even if the policy
// Internet refuses these addresses.
type Destination struct {
	Network netip.Prefix
	Port    uint16
}

// ParseDestination reads a destination such as 10.0.0.0/8:443.
func ParseDestination(text string) (Destination, error) {
	network, port, _ := strings.Cut(text, ":")
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return Destination{}, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return Destination{prefix, uint16(number)}, err
}
