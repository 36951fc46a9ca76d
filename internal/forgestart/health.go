package forgestart

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"
)

// healthTimeout limits one request of Gitea's health check.
const healthTimeout = 4 * time.Second

// Healthy returns an error unless Gitea answers and the administrator's password is set.
// It is the container's health check.
func (s *Starter) Healthy(ctx context.Context) error {
	if _, err := os.Stat(s.Config.ReadyFile); err != nil {
		return fmt.Errorf("the administrator's password is not set yet: %w", err)
	}
	return s.healthy(ctx)
}

func (s *Starter) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Config.API+"/api/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", req.URL, resp.Status)
	}
	return nil
}
