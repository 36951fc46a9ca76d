//go:build linux

package network

import (
	"log/slog"
	"net"

	"github.com/gitops-pipeline/gitops-pipeline/internal/forward"
)

// Serve opens the listeners that the job engine at the other end of the link can reach: the
// forge and a name server at the outer half's address, and also the forge at the engine's
// loopback address if that is the canonical one. The engine's first process is pid.
func Serve(l Link, pid int, forge Forge, resolver string, log *slog.Logger) (_ *forward.Forwards, err error) {
	f := forward.New(log)
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	outside := l.Outside.String()
	for address, target := range map[string]string{
		net.JoinHostPort(outside, forge.Port()): forge.Address,
		net.JoinHostPort(outside, "53"):         resolver,
	} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		f.TCP(listener, target)
	}
	names, err := net.ListenPacket("udp", net.JoinHostPort(outside, "53"))
	if err != nil {
		return nil, err
	}
	f.UDP(names, resolver)
	if forge.Loopback() {
		var loopback net.Listener
		err := Inside(pid, func() (err error) {
			loopback, err = net.Listen("tcp", net.JoinHostPort(forge.LoopbackAddress(), forge.Port()))
			return err
		})
		if err != nil {
			return nil, err
		}
		f.TCP(loopback, forge.Address)
	}
	return f, nil
}
