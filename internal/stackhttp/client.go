package stackhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxSaid bounds how much of a server's reason is in an error.
const maxSaid = 64 << 10 // bytes

// Client asks a server that RequireBearer guards, without the proxies of the environment.
type Client struct {
	address, secret string
	http            http.Client
}

// NewClient returns a client of the server at an address such as http://forge:31009. limit bounds
// one request.
func NewClient(address, secret string, limit time.Duration) *Client {
	return &Client{address: address, secret: secret, http: http.Client{Timeout: limit, Transport: Transport()}}
}

// Do sends a request with send as its JSON, and reads that of the answer into receive; each may
// be nil for none.
func (c *Client) Do(ctx context.Context, method, path string, send, receive any) error {
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.address+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxSaid))
		return fmt.Errorf("%s %s: %s: %s", method, req.URL.Path, resp.Status, said)
	}
	if receive == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(receive); err != nil {
		return fmt.Errorf("reading the answer to %s %s: %w", method, req.URL.Path, err)
	}
	return nil
}
