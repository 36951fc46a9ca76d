//go:build linux

// Package network connects a job engine's network namespace with what its jobs may reach,
// and with nothing else. Links, firewall and forwards belong to the outer half, so that
// not even root of the job engine can change them.
package network

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Link is a pair of network interfaces between the outer half and one job engine.
type Link struct {
	Name            string // of the outer half's interface
	Outside, Inside net.IP // addresses of the outer half and of the job engine
}

// Links are the links of the two job engines: the current one and the next.
var Links = []Link{
	{"jobs0", net.IPv4(198, 18, 0, 1), net.IPv4(198, 18, 0, 2)},
	{"jobs1", net.IPv4(198, 18, 0, 5), net.IPv4(198, 18, 0, 6)},
}

// Addresses of a job engine's own networks: Bridge is that of its default bridge, and each
// further network gets 1/256 of Pool. Docker's defaults, 172.16.0.0/12 and 192.168.0.0/16, are
// those of many a LAN, which a job would then look for in its own job engine. These are, as
// those of the links, of 198.18.0.0/15, which is for testing network devices (RFC 2544): no LAN
// has it, and the firewall refuses it.
const (
	Bridge   = "198.18.128.1/17"
	Pool     = "198.19.0.0/16"
	PoolSize = 24
)

// insideName is the name of a job engine's interface.
const insideName = "eth0"

// mask gives each link two addresses.
var mask = net.CIDRMask(30, 32)

// Connect creates the link to the network namespace of the process pid, and sets up both
// ends and the namespace's loopback interface.
func (l Link) Connect(pid int) error {
	if err := l.Disconnect(); err != nil {
		return err
	}
	err := netlink.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: l.Name}, PeerName: insideName, PeerNamespace: netlink.NsPid(pid),
	})
	if err != nil {
		return fmt.Errorf("creating the link %s: %w", l.Name, err)
	}
	outer, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer outer.Close()
	if err := withoutIPv6(l.Name); err != nil {
		return err
	}
	if err := up(outer, l.Name, l.Outside); err != nil {
		return err
	}
	namespace, err := netns.GetFromPid(pid)
	if err != nil {
		return fmt.Errorf("opening the job engine's network: %w", err)
	}
	defer namespace.Close()
	inner, err := netlink.NewHandleAt(namespace)
	if err != nil {
		return fmt.Errorf("entering the job engine's network: %w", err)
	}
	defer inner.Close()
	if err := up(inner, "lo", nil); err != nil {
		return err
	}
	if err := up(inner, insideName, l.Inside); err != nil {
		return err
	}
	if err := inner.RouteAdd(&netlink.Route{Gw: l.Outside}); err != nil {
		return fmt.Errorf("setting the job engine's default route: %w", err)
	}
	return nil
}

// withoutIPv6 disables IPv6 on an interface: the firewall filters IPv4 only.
func withoutIPv6(name string) error {
	err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0o644)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has no such file
		return fmt.Errorf("switching IPv6 off on the interface %s: %w", name, err)
	}
	return nil
}

// Disconnect removes the link if it exists.
func (l Link) Disconnect() error {
	found, err := netlink.LinkByName(l.Name)
	if gone := (netlink.LinkNotFoundError{}); errors.As(err, &gone) {
		return nil
	}
	if err == nil {
		err = netlink.LinkDel(found)
	}
	// The kernel may remove it first, when the job engine ends.
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("removing the link %s: %w", l.Name, err)
	}
	return nil
}

// up sets an interface's address, if there is one, and enables the interface.
func up(h *netlink.Handle, name string, address net.IP) error {
	link, err := h.LinkByName(name)
	if err != nil {
		return fmt.Errorf("looking for the interface %s: %w", name, err)
	}
	if address != nil {
		if err := h.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: address, Mask: mask}}); err != nil {
			return fmt.Errorf("giving the interface %s its address: %w", name, err)
		}
	}
	if err := h.LinkSetUp(link); err != nil {
		return fmt.Errorf("switching on the interface %s: %w", name, err)
	}
	return nil
}

// Inside runs f in the network namespace of the process pid. Sockets that f opens stay in
// that namespace. f must not start goroutines that open sockets.
func Inside(pid int, f func() error) error {
	result := make(chan error, 1)
	go func() {
		// The thread is not unlocked, so that it ends with this goroutine.
		runtime.LockOSThread()
		result <- func() error {
			namespace, err := netns.GetFromPid(pid)
			if err != nil {
				return fmt.Errorf("opening the job engine's network: %w", err)
			}
			defer namespace.Close()
			if err := netns.Set(namespace); err != nil {
				return fmt.Errorf("entering the job engine's network: %w", err)
			}
			return f()
		}()
	}()
	return <-result
}
