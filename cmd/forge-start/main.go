// Command forge-start is the first program of the forge's container. It prepares and
// starts Gitea; see package forgestart. With the argument "healthy" it is the
// container's health check.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/internal/forgestart"
	"github.com/gitops-pipeline/gitops-pipeline/internal/healthcheck"
)

func main() {
	syscall.Umask(0o077) // Gitea's files are nobody else's
	code, err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "forge-start:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	cfg, err := forgestart.FromEnvironment(os.Getenv)
	if err != nil {
		return 1, err
	}
	s := &forgestart.Starter{
		Config: cfg, Output: forgestart.Output, Environ: os.Environ,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)).With("program", "forge-start"),
	}
	if len(args) == 1 && args[0] == "healthy" {
		healthcheck.Hold(ctx, cfg.ReadyFile)
		if err := s.Healthy(ctx); err != nil {
			return 1, err
		}
		return 0, nil
	}
	if len(args) > 0 {
		return 2, fmt.Errorf("got the arguments %q, want none or healthy", args)
	}
	return s.Run(ctx)
}
