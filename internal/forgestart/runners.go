package forgestart

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/actionscache"
	"github.com/gitops-pipeline/gitops-pipeline/internal/modulemirror"
	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
	"github.com/gitops-pipeline/gitops-pipeline/internal/taskevents"
)

// serveRunners serves what runners ask, and to jobs what their workflows cache and Go's modules,
// until ctx ends.
func (s *Starter) serveRunners(ctx context.Context) error {
	c := s.Config.Cache
	secret, err := s.runnersSecret()
	if err != nil {
		return err
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
	cache := &actionscache.Server{Store: store, Log: s.Log}
	forJobs := http.NewServeMux()
	forJobs.Handle("/", cache.Jobs())
	if c.Modules.Limit > 0 {
		mirror, err := modulemirror.New(c.Modules, s.Log)
		if err != nil {
			s.Log.Error("jobs have no mirror of Go modules", "error", err) // they ask its proxies themselves
		} else {
			forJobs.Handle(modulemirror.Path, http.StripPrefix(strings.TrimSuffix(modulemirror.Path, "/"), mirror))
		}
	}
	mux := http.NewServeMux()
	mux.Handle(actionscache.LeasePath, cache.Runners())
	mux.Handle(taskevents.Path, taskevents.NewServer())
	stackhttp.Serve(ctx, jobs, forJobs, "caches and modules to jobs", s.Log)
	stackhttp.Serve(ctx, runners, stackhttp.RequireBearer(secret, mux), "the runners", s.Log)
	return nil
}

// runnersSecret is what runners authenticate with.
func (s *Starter) runnersSecret() (string, error) {
	secret, err := os.ReadFile(s.Config.Cache.SecretFile)
	if err != nil {
		return "", fmt.Errorf("reading the secret of the runners: %w", err)
	}
	return strings.TrimSpace(string(secret)), nil
}
