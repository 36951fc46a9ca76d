package actionscache

import (
	"context"
	"net/http"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// clientTime bounds one request of a runner.
const clientTime = 3 * time.Second

// Client is a runner's way to the server.
type Client struct{ server *stackhttp.Client }

// NewClient returns a client of the server at an address such as http://forge:31009.
func NewClient(address, secret string) *Client {
	return &Client{stackhttp.NewClient(address, secret, clientTime)}
}

// Put gives a lease to the job that has the token, or renews it.
func (c *Client) Put(ctx context.Context, token string, l Lease) error {
	return c.server.Do(ctx, http.MethodPut, LeasePath, granted{token, l}, nil)
}

// Delete ends a lease.
func (c *Client) Delete(ctx context.Context, token string) error {
	return c.server.Do(ctx, http.MethodDelete, LeasePath, granted{Token: token}, nil)
}
