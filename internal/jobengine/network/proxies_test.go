package network

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// gate is a firewall's chain: duplicates are possible, as with iptables.
type gate struct{ open []string }

func (g *gate) Open(a netip.AddrPort) error {
	g.open = append(g.open, a.String())
	return nil
}

func (g *gate) Close(a netip.AddrPort) error {
	i := slices.Index(g.open, a.String())
	if i < 0 {
		return errors.New("no such rule")
	}
	g.open = slices.Delete(g.open, i, i+1)
	return nil
}

// TestProxiesAreLookedUpAgain has one proxy whose name becomes known only later, and then
// gets another address, beside one with a fixed address.
func TestProxiesAreLookedUpAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := &gate{}
		p := NewProxies([]string{"proxy.example.org:3128", "192.0.2.1:80"}, g, slog.New(slog.NewTextHandler(&log, nil)))
		known := ""
		p.lookup = func(ctx context.Context, proxy string) ([]netip.AddrPort, error) {
			switch {
			case proxy != "proxy.example.org:3128":
				return LookupProxy(ctx, proxy)
			case known == "":
				return nil, errors.New("no such host")
			}
			return []netip.AddrPort{netip.MustParseAddrPort(known)}, nil
		}
		want := func(open ...string) {
			t.Helper()
			synctest.Wait()
			if slices.Sort(g.open); !slices.Equal(g.open, open) {
				t.Errorf("got %q open, want %q", g.open, open)
			}
		}
		p.Refresh(t.Context())
		want("192.0.2.1:80")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { p.Watch(ctx); close(ended) }()
		time.Sleep(10*unknownInterval + time.Second)
		synctest.Wait()
		if got := strings.Count(log.String(), "level=WARN"); got != 1 {
			t.Errorf("got %d warnings, want one:\n%s", got, log.String())
		}
		known = "10.0.0.7:3128"
		time.Sleep(unknownInterval)
		want("10.0.0.7:3128", "192.0.2.1:80")
		known = "10.0.0.8:3128"
		time.Sleep(knownInterval)
		want("10.0.0.8:3128", "192.0.2.1:80")
		known = "" // a name server that does not answer takes nothing away
		time.Sleep(knownInterval)
		want("10.0.0.8:3128", "192.0.2.1:80")
		cancel()
		<-ended
	})
}

func TestLookupProxyRefusesIPv6(t *testing.T) {
	t.Parallel()
	if got, err := LookupProxy(t.Context(), "[2001:db8::1]:3128"); err == nil {
		t.Errorf("got %v, want an error: job engines have no IPv6", got)
	}
}
