//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// httpClient keeps a connection for each worker of a test's load.
var httpClient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

// get asks once and returns the body; anything but a whole answer of 200 is an
// error, which says what came instead.
func get(url string) (string, error) {
	resp, err := httpClient.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), nil
}
