package runnersupervisor

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// NewMetrics returns a function that reads the metrics of a daemon at an address.
func NewMetrics(address string) Metrics {
	// A new connection each time: one that a hanging daemon keeps open proves nothing.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("GET %s: %s", req.URL, resp.Status)
		}
		return string(text), err
	}
}
