//go:build linux

// Package network connects a job engine, which has a network namespace of its own, with
// what its jobs may reach, and with nothing else. Links, firewall and forwards belong to
// the outer half, so that not even root of the job engine can change them.
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

// Link is a pair of network interfaces that only the outer half and one job engine share.
type Link struct {
	Name            string // of the outer half's interface
	Outside, Inside net.IP // addresses of the outer half and of the job engine
}

// Links are the links of two job engines: of the one that runs a job, and of the next.
var Links = []Link{
	{"jobs0", net.IPv4(198, 18, 0, 1), net.IPv4(198, 18, 0, 2)},
	{"jobs1", net.IPv4(198, 18, 0, 5), net.IPv4(198, 18, 0, 6)},
}

// insideName is the name of a job engine's interface.
const insideName = "eth0"

// mask leaves two addresses to a link.
var mask = net.CIDRMask(30, 32)

// Connect makes the link to the network namespace of the process pid, and sets up both
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

// withoutIPv6 leaves an interface no address that the firewall, which is of IPv4, does not know.
func withoutIPv6(name string) error {
	err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0o644)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has no such file
		return fmt.Errorf("switching IPv6 off on the interface %s: %w", name, err)
	}
	return nil
}

// Disconnect removes the link, if it is there.
func (l Link) Disconnect() error {
	found, err := netlink.LinkByName(l.Name)
	if gone := (netlink.LinkNotFoundError{}); errors.As(err, &gone) {
		return nil
	}
	if err == nil {
		err = netlink.LinkDel(found)
	}
	// The kernel may remove it first, with the job engine's end.
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("removing the link %s: %w", l.Name, err)
	}
	return nil
}

// up gives an interface its address, if it has one, and switches it on.
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

// Inside runs f in the network namespace of the process pid. A socket that f opens stays
// in that namespace. f must not start goroutines that open sockets.
func Inside(pid int, f func() error) error {
	result := make(chan error, 1)
	go func() {
		// The thread ends with this goroutine, as it is not unlocked.
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
