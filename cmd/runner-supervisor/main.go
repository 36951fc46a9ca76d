// Command runner-supervisor is the first program of a runner's container: it registers
// gitea-runner, starts it and watches it. With the argument probe, it only exits with 0
// if the runner takes jobs. See package runnersupervisor.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/internal/actionscache"
	"github.com/gitops-pipeline/gitops-pipeline/internal/engineproxy"
	"github.com/gitops-pipeline/gitops-pipeline/internal/forgeproxy"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/control"
	"github.com/gitops-pipeline/gitops-pipeline/internal/runnersupervisor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/taskevents"
)

// dataDir is the volume with the runner's registration.
const dataDir = "/data"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)).With("program", "runner-supervisor")
	if len(os.Args) == 2 && os.Args[1] == "probe" {
		if err := probe(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, log); err != nil {
		log.Error("the runner ends", "why", err)
		os.Exit(1)
	}
}

// probe tells whether the runner takes jobs.
func probe(ctx context.Context) error {
	cfg, err := runnersupervisor.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	var wake func(context.Context) error
	if cfg.ForgeService != "" {
		secret, err := forgeSecret(cfg)
		if err != nil {
			return err
		}
		wake = taskevents.NewClient(cfg.ForgeService, secret).Add
	}
	return runnersupervisor.Probe(ctx, runnersupervisor.NewMetrics(cfg.Metrics), wake)
}

// forgeSecret is what authenticates with the forge's service for runners.
func forgeSecret(cfg runnersupervisor.Config) (string, error) {
	text, err := os.ReadFile(cfg.TokenFile)
	if err != nil {
		return "", fmt.Errorf("reading the secret of the forge's service: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func run(ctx context.Context, log *slog.Logger) error {
	cfg, err := runnersupervisor.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	s := &runnersupervisor.Supervisor{
		Config:  cfg,
		Program: runnersupervisor.Command{Path: "gitea-runner", Dir: dataDir},
		Forge:   runnersupervisor.NewForge(cfg.Instance),
		Control: control.Client{},
		Metrics: runnersupervisor.NewMetrics(cfg.Metrics),
		Dir:     dataDir,
		Log:     log,
	}
	if cfg.JobEngine != "" {
		if s.Engine, err = runnersupervisor.NewJobEngine(cfg.JobEngine); err != nil {
			return err
		}
	}
	if cfg.Listen != "" {
		listener, err := net.Listen("tcp", cfg.Listen)
		if err != nil {
			return fmt.Errorf("listening on %s for the forge: %w", cfg.Listen, err)
		}
		proxy := &forgeproxy.Proxy{Target: cfg.Target, Log: log}
		if cfg.ForgeService != "" {
			secret, err := forgeSecret(cfg)
			if err != nil {
				return err
			}
			proxy.Leases = actionscache.NewClient(cfg.ForgeService, secret)
			proxy.Tasks = taskevents.NewClient(cfg.ForgeService, secret)
		}
		proxy.Serve(ctx, listener)
	}
	if cfg.Proxy != "" {
		proxy := engineproxy.Proxy{Socket: cfg.Proxy, Engine: cfg.JobEngineSocket(), Log: log}
		if err := proxy.Start(ctx); err != nil {
			return fmt.Errorf("listening on %s for the job engine: %w", cfg.Proxy, err)
		}
	}
	return s.Run(ctx)
}
