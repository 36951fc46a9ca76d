package actionscache

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// clientTime bounds one request of a runner.
const clientTime = 3 * time.Second

// Client is a runner's way to the server.
type Client struct {
	address, secret string
	http            http.Client
}

// NewClient returns a client of the server at an address such as http://forge:31009, which it
// asks without the proxies that the environment has for jobs.
func NewClient(address, secret string) *Client {
	return &Client{address: address, secret: secret, http: http.Client{Timeout: clientTime, Transport: stackhttp.Transport()}}
}

// Put gives a lease to the job that has the token, or renews it.
func (c *Client) Put(ctx context.Context, token string, l Lease) error {
	return c.send(ctx, http.MethodPut, granted{token, l})
}

// Delete ends a lease.
func (c *Client) Delete(ctx context.Context, token string) error {
	return c.send(ctx, http.MethodDelete, granted{Token: token})
}

func (c *Client) send(ctx context.Context, method string, lease granted) error {
	body, err := json.Marshal(lease)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.address+LeasePath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
		return fmt.Errorf("%s of a lease: %s: %s", method, resp.Status, said)
	}
	return nil
}
