package forgestart

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/actionscache"
)

// serveCache serves what workflows cache, until ctx ends.
func (s *Starter) serveCache(ctx context.Context) error {
	c := s.Config.Cache
	secret, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return fmt.Errorf("reading the secret of the cache's runners: %w", err)
	}
	store, err := actionscache.Open(c.Dir, c.Size)
	if err != nil {
		return err
	}
	jobs, err := net.Listen("tcp", c.Jobs)
	if err != nil {
		return fmt.Errorf("listening for the cache of workflows: %w", err)
	}
	runners, err := net.Listen("tcp", c.Runners)
	if err != nil {
		return errors.Join(fmt.Errorf("listening for the runners: %w", err), jobs.Close())
	}
	server := &actionscache.Server{Store: store, Secret: strings.TrimSpace(string(secret)), Log: s.Log}
	server.Serve(ctx, jobs, runners)
	return nil
}
