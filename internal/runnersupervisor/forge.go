package runnersupervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// forgeTimeout limits one request to the forge.
const forgeTimeout = 3 * time.Second

// forgeClient sends requests to the forge as a runner does.
type forgeClient struct {
	address string
	http    http.Client
}

// NewForge returns a client of the forge at an address, which it asks without the proxies
// that the environment has for jobs.
func NewForge(address string) Forge {
	return &forgeClient{address: address, http: http.Client{Timeout: forgeTimeout, Transport: stackhttp.Transport()}}
}

// Healthy requests the forge's health check.
func (f *forgeClient) Healthy(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address+"/api/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s/api/healthz: %s", f.address, resp.Status)
	}
	return nil
}

// Knows returns false only if the forge says that it does not accept the registration. It
// declares the runner's labels and version, as the daemon does at each start: all other
// calls of the runner protocol have side effects.
func (f *forgeClient) Knows(ctx context.Context, r Registration, version string) (bool, error) {
	body, err := json.Marshal(map[string]any{"labels": r.names(), "version": version})
	if err != nil {
		return false, err
	}
	const path = "/api/actions/runner.v1.RunnerService/Declare"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("x-runner-uuid", r.UUID)
	req.Header.Set("x-runner-token", r.Token)
	resp, err := f.http.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return false, err
	}
	// Gitea 1.26 answers 500 with a gRPC error, whose code is only in the message. The daemon
	// reports the reason of any other refusal.
	var refusal struct{ Code, Message string }
	_ = json.Unmarshal(said, &refusal)
	refused := refusal.Code == "unauthenticated" || strings.Contains(refusal.Message, "code = Unauthenticated")
	return !refused, nil
}
