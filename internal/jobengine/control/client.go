package control

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

	"github.com/cenkalti/backoff/v5"
)

// retryInterval is the time between two attempts to reach an unavailable server.
const retryInterval = 50 * time.Millisecond

// Client is the runner's side of the control socket.
type Client struct {
	Socket string // path of the socket; empty means the constant Socket
}

// Acquire waits for a job engine that no job has used, and takes it for one job. While the
// job engine's container restarts, it has no socket; Acquire tries again until ctx ends.
func (c Client) Acquire(ctx context.Context) error {
	if err := c.call(ctx, acquirePath); err != nil {
		return fmt.Errorf("waiting for a fresh job engine: %w", err)
	}
	return nil
}

// Release reports the end of the job, after which the job engine is discarded. It tries
// again as Acquire does. It has no effect if no job engine is in use.
func (c Client) Release(ctx context.Context) error {
	if err := c.call(ctx, releasePath); err != nil {
		return fmt.Errorf("releasing the job engine: %w", err)
	}
	return nil
}

// Probe requests a URL of the forge from inside the job engine, as its jobs do. It returns
// an error unless the answer is OK. It does not try again.
func (c Client) Probe(ctx context.Context, address string) error {
	err := c.post(ctx, probePath+"?"+url.Values{"url": {address}}.Encode())
	if final := (*backoff.PermanentError)(nil); errors.As(err, &final) {
		return final.Err
	}
	return err
}

func (c Client) call(ctx context.Context, path string) error {
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = c.post(ctx, path)
		return struct{}{}, last
	}, backoff.WithBackOff(backoff.NewConstantBackOff(retryInterval)), backoff.WithMaxElapsedTime(0))
	if err != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), last)
	}
	return err
}

// post sends one request. A connection error may be temporary, because the server
// restarts. An answer other than OK is final.
func (c Client) post(ctx context.Context, path string) error {
	socket := c.Socket
	if socket == "" {
		socket = Socket
	}
	// One connection for each request: when it ends, the server cancels the request.
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://jobengine"+path, nil)
	if err != nil {
		return backoff.Permanent(err)
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return backoff.Permanent(errors.New(strings.TrimSpace(string(said))))
	}
	return nil
}
