package inner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// pingTimeout limits one request to a Docker engine.
const pingTimeout = 4 * time.Second

// dial returns an HTTP client of the Docker engine on a socket.
func dial(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 1 << 14, // jobs control what answers
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

// get sends a request to the Docker engine on a socket. The caller closes the body.
func get(ctx context.Context, socket, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := dial(socket).Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the Docker engine answered %s", resp.Status)
	}
	return resp, nil
}

// Ping returns nil if a Docker engine answers on the socket.
func Ping(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	resp, err := get(ctx, socket, "/_ping")
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// firstContainer waits until the Docker engine on the socket creates a container.
func firstContainer(ctx context.Context, socket string) error {
	filter := url.QueryEscape(`{"type":["container"],"event":["create"]}`)
	resp, err := get(ctx, socket, "/events?filters="+filter)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadFull(resp.Body, make([]byte, 1))
	return err
}
