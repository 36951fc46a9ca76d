//go:build linux

package network

import (
	"log/slog"
	"net"

	"github.com/gitops-pipeline/gitops-pipeline/internal/forward"
)

// Serve opens the listeners that the job engine at the other end of the link can reach: the
// forge's ports and a name server at the outer half's address, and also the forge's ports at
// the engine's loopback address if that is the canonical one. The engine's first process is pid.
func Serve(l Link, pid int, forge Forge, resolver string, log *slog.Logger) (_ *forward.Forwards, err error) {
	f := forward.New(log)
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	outside := l.Outside.String()
	passed := map[string]string{net.JoinHostPort(outside, "53"): resolver}
	for port, target := range forge.Ports() {
		passed[net.JoinHostPort(outside, port)] = target
	}
	for address, target := range passed {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		f.TCP(listener, target)
	}
	questions, err := net.ListenPacket("udp", net.JoinHostPort(outside, "53"))
	if err != nil {
		return nil, err
	}
	f.UDP(forgeNames(questions, l, forge), resolver)
	if !forge.Loopback() {
		return f, nil
	}
	for port, target := range forge.Ports() {
		var loopback net.Listener
		err := Inside(pid, func() (err error) {
			loopback, err = net.Listen("tcp", net.JoinHostPort(forge.LoopbackAddress(), port))
			return err
		})
		if err != nil {
			return nil, err
		}
		f.TCP(loopback, target)
	}
	return f, nil
}
