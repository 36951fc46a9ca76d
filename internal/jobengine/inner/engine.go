//go:build linux

package inner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// probeTimeout bounds one probe.
const probeTimeout = 5 * time.Second

// Ended is closed when the engine and all its processes have ended.
func (e *Engine) Ended() <-chan struct{} { return e.ended }

// Busy is closed when a job has begun on the engine.
func (e *Engine) Busy() <-chan struct{} { return e.busy }

// Process returns the PID of the first process in the engine's namespaces.
func (e *Engine) Process() int { return e.command.Process.Pid }

// SocketDir returns the directory of the engine's socket.
func (e *Engine) SocketDir() string { return e.options.Socket }

// Stop kills the engine, its containers and every process that a job left, and removes its
// data. When the first process of a PID namespace ends, the kernel kills all others in it.
func (e *Engine) Stop() error { return errors.Join(e.Kill(), e.Remove()) }

// Kill is the first part of Stop. When it returns, no process of the engine is left.
func (e *Engine) Kill() error {
	_ = e.command.Process.Kill() // it may have ended
	<-e.ended
	if e.forwards != nil {
		e.forwards.Close()
	}
	return e.options.Link.Disconnect()
}

// Remove is the second part of Stop: it removes what the engine left on the disk.
func (e *Engine) Remove() error {
	if err := e.options.remove(); err != nil {
		return fmt.Errorf("removing the data of a job engine: %w", err)
	}
	return nil
}

// Probe requests a URL of the forge from the engine's network, as a job does. It returns
// nil if the answer is OK.
func (e *Engine) Probe(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("understanding the address to probe: %w", err)
	}
	if !strings.EqualFold(u.Hostname(), e.options.Forge.Name) {
		return fmt.Errorf("a probe asks the forge %s and nobody else, not %s", e.options.Forge.Name, u.Hostname())
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, to string) (c net.Conn, err error) {
		to = resolve(e.options.Forge, e.options.Link, to)
		err = network.Inside(e.Process(), func() error {
			c, err = new(net.Dialer).DialContext(ctx, "tcp", to)
			return err
		})
		return c, err
	}}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("reaching the forge from the job engine: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return fmt.Errorf("reading the forge's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the forge answered %s to the job engine", resp.Status)
	}
	return nil
}

// resolve returns the address of the forge's host and port in a job engine: see layOut.
func resolve(forge network.Forge, link network.Link, address string) string {
	_, port, err := net.SplitHostPort(address)
	switch {
	case err != nil || forge.IP():
		return address
	case forge.Loopback():
		return net.JoinHostPort(forge.LoopbackAddress(), port)
	default:
		return net.JoinHostPort(link.Outside.String(), port)
	}
}
