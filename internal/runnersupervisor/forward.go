package runnersupervisor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"
)

// dialTimeout bounds the connection to the forge.
const dialTimeout = 10 * time.Second

// Forward passes on every connection to listen, an address of this container, to target:
// the forge's canonical address is a loopback one, and has to mean the forge here too.
// It returns when it listens. The target's name is resolved for each connection.
func Forward(ctx context.Context, listen, target string, log *slog.Logger) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				log.Warn("accepting a connection to the forge failed; trying again", "why", err)
				time.Sleep(engineInterval)
				continue
			}
			go pass(ctx, conn.(*net.TCPConn), target)
		}
	}()
	return nil
}

// pass connects one client with the target until both directions have ended.
func pass(ctx context.Context, client *net.TCPConn, target string) {
	defer client.Close()
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		return // the client sees a connection that closes
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		copyStream(server, client)
	}()
	copyStream(client, server)
	<-sent
}

// copyStream copies one direction and closes it. After an error both connections are
// closed, which ends the other direction too.
func copyStream(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	if err = errors.Join(err, to.CloseWrite()); err != nil {
		_, _ = to.Close(), from.Close()
	}
}
