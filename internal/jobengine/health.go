// Package jobengine runs a Docker engine for a runner's jobs, and replaces it after each.
package jobengine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// DockerSocket is where the Docker engine for jobs listens.
const DockerSocket = "/run/engine/docker/docker.sock"

// pingTimeout bounds one question to the Docker engine.
const pingTimeout = 4 * time.Second

// Ping returns nil if a Docker engine answers on the socket.
func Ping(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the Docker engine answered %s", resp.Status)
	}
	return nil
}
