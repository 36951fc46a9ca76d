// Package forward passes on what listeners receive to other addresses: the forge's
// canonical address is a loopback one, and has to mean the forge in other containers too.
package forward

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	dialTimeout   = 10 * time.Second       // for a connection to a target
	retryInterval = 200 * time.Millisecond // after a listener has failed
	answerTimeout = 10 * time.Second       // for the answer to a datagram
	maxDatagram   = 64 << 10
	maxQuestions  = 512 // datagrams that wait for an answer; a sender must not exhaust this program
)

// Forwards pass on what some listeners receive, until they are closed.
type Forwards struct {
	ctx    context.Context
	cancel context.CancelFunc
	log    *slog.Logger
	open   sync.WaitGroup
}

// New returns forwards without a listener yet.
func New(log *slog.Logger) *Forwards {
	ctx, cancel := context.WithCancel(context.Background())
	return &Forwards{ctx: ctx, cancel: cancel, log: log}
}

// Close ends all listeners and connections.
func (f *Forwards) Close() {
	f.cancel()
	f.open.Wait()
}

// TCP passes on each connection that l accepts, and closes l at the end. The target's
// name is resolved again for each connection. When accepting fails, for example because
// there are too many open files, TCP tries again.
func (f *Forwards) TCP(l net.Listener, target string) {
	f.run(l, func() {
		for {
			from, err := l.Accept()
			if err != nil {
				if f.failed("accepting a connection to "+target, err) {
					return
				}
				continue
			}
			f.run(from, func() { f.connect(from, target) })
		}
	})
}

// connect copies between a connection and a new one to the target, until both
// directions have ended.
func (f *Forwards) connect(from net.Conn, target string) {
	dialer := net.Dialer{Timeout: dialTimeout}
	to, err := dialer.DialContext(f.ctx, "tcp", target)
	if err != nil {
		f.report("connecting to "+target, err)
		return
	}
	defer to.Close()
	defer context.AfterFunc(f.ctx, func() { _ = to.Close() })()
	var back sync.WaitGroup
	back.Go(func() { pass(from, to) })
	pass(to, from)
	back.Wait()
}

// pass copies one direction, and passes its end on; an error ends both.
func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		err = half.CloseWrite()
	}
	if err != nil {
		_ = to.Close()
		_ = from.Close()
	}
}

// UDP passes on each datagram that c receives, and one answer to it. It closes c at the
// end.
func (f *Forwards) UDP(c net.PacketConn, target string) {
	slots := make(chan struct{}, maxQuestions)
	f.run(c, func() {
		for {
			question := make([]byte, maxDatagram)
			n, from, err := c.ReadFrom(question)
			if err != nil {
				if f.failed("receiving a datagram for "+target, err) {
					return
				}
				continue
			}
			select {
			case slots <- struct{}{}:
			default:
				continue // a datagram may be lost, and is asked again
			}
			f.open.Go(func() {
				defer func() { <-slots }()
				if answer, err := f.ask(target, question[:n]); err != nil {
					f.report("asking "+target, err)
				} else if _, err := c.WriteTo(answer, from); err != nil {
					f.report("passing on the answer of "+target, err)
				}
			})
		}
	})
}

// ask sends a datagram and waits for the answer.
func (f *Forwards) ask(target string, question []byte) ([]byte, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(f.ctx, "udp", target)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(f.ctx, func() { _ = c.Close() })()
	if err := c.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	if _, err := c.Write(question); err != nil {
		return nil, err
	}
	answer := make([]byte, maxDatagram)
	n, err := c.Read(answer)
	return answer[:n], err
}

// run calls work in a goroutine. What it works on is closed after work, or when the
// forwards are closed, which ends work.
func (f *Forwards) run(on io.Closer, work func()) {
	stop := context.AfterFunc(f.ctx, func() { _ = on.Close() })
	f.open.Go(func() {
		defer on.Close()
		defer stop()
		work()
	})
}

// failed logs the error of a listener and waits before the next attempt. It returns true
// when the listener is closed.
func (f *Forwards) failed(what string, err error) bool {
	f.report(what, err)
	if errors.Is(err, net.ErrClosed) {
		return true
	}
	select {
	case <-f.ctx.Done():
		return true
	case <-time.After(retryInterval):
		return false
	}
}

// report logs an error, unless the forwards have been closed.
func (f *Forwards) report(what string, err error) {
	if f.ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		f.log.Warn(what, "error", err)
	}
}
