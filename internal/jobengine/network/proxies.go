package network

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Limits of looking up proxies.
const (
	lookupTimeout   = 5 * time.Second  // of one name
	unknownInterval = 5 * time.Second  // until an unknown name is looked up again
	knownInterval   = 30 * time.Second // until a known one is, whose addresses may change
)

// Gate lets jobs through to an address, or no longer.
type Gate interface {
	Open(address netip.AddrPort) error
	Close(address netip.AddrPort) error
}

// Proxies keeps a gate open for proxies, whose names it looks up again and again. A name
// that is unknown keeps nothing else from working: the log has it once.
type Proxies struct {
	gate    Gate
	log     *slog.Logger
	lookup  func(ctx context.Context, proxy string) ([]netip.AddrPort, error)
	list    []string                    // host and port each
	open    map[string][]netip.AddrPort // of each proxy, as the gate has them
	unknown map[string]bool             // those that the log has named
}

// NewProxies returns the Proxies of a list with a host and a port each.
func NewProxies(list []string, gate Gate, log *slog.Logger) *Proxies {
	return &Proxies{gate: gate, log: log, lookup: LookupProxy, list: list, open: map[string][]netip.AddrPort{}, unknown: map[string]bool{}}
}

// LookupProxy returns the addresses of IPv4, with the port, of a proxy's host and port.
// Job engines have no IPv6.
func LookupProxy(ctx context.Context, proxy string) ([]netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(proxy)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("understanding the port of %s: %w", proxy, err)
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return nil, err
	}
	var addresses []netip.AddrPort
	for _, ip := range ips {
		addresses = append(addresses, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	return addresses, nil
}

// Refresh looks all proxies up once. One that is unknown at the moment keeps the addresses
// that it had.
func (p *Proxies) Refresh(ctx context.Context) {
	for _, proxy := range p.list {
		found, err := p.lookup(ctx, proxy)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !p.unknown[proxy]:
			p.unknown[proxy] = true
			p.log.Warn("jobs do not reach the proxy "+proxy+", as its name is unknown here; it is looked up again until it is known: correct proxy.http or proxy.https, or let the name servers of the Docker host know the name", "error", err)
		case err == nil && p.unknown[proxy]:
			delete(p.unknown, proxy)
			p.log.Info("the proxy "+proxy+" is known now", "addresses", found)
		}
		if err == nil {
			p.change(proxy, found)
		}
	}
}

// change opens the gate for the addresses of a proxy, and then closes it for those that it
// no longer has.
func (p *Proxies) change(proxy string, found []netip.AddrPort) {
	var open []netip.AddrPort
	for _, address := range found {
		if !slices.Contains(p.open[proxy], address) {
			if err := p.gate.Open(address); err != nil {
				p.log.Error("opening the firewall for the proxy "+proxy, "address", address, "error", err)
				continue
			}
		}
		open = append(open, address)
	}
	for _, address := range p.open[proxy] {
		if slices.Contains(found, address) {
			continue
		}
		if err := p.gate.Close(address); err != nil {
			p.log.Error("closing the firewall for an old address of the proxy "+proxy, "address", address, "error", err)
			open = append(open, address)
		}
	}
	p.open[proxy] = open
}

// Watch refreshes until ctx ends.
func (p *Proxies) Watch(ctx context.Context) {
	for len(p.list) > 0 {
		wait := knownInterval
		if len(p.unknown) > 0 {
			wait = unknownInterval
		}
		select {
		case <-time.After(wait):
			p.Refresh(ctx)
		case <-ctx.Done():
			return
		}
	}
}
