// Command jobengine runs in the container of a runner's job engine, and in its runner's.
//
//	jobengine             runs a Docker engine for jobs, and replaces it after each
//	jobengine health      exits with 0 if the Docker engine for jobs answers
//	jobengine probe URL   exits with 0 if jobs reach a URL of the forge
//	jobengine proxies     exits with 0 if the addresses of all proxies are known here
//	jobengine acquire     waits for a job engine that no job has used, and takes it
//	jobengine release     says that the job has ended
//	jobengine localhost ADDRESS TARGET PORT...
//	                      makes ports of a loopback address mean the forge in a container
//	jobengine stock       lays out the job image, when the job engine's image is built
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/gitops-pipeline/gitops-pipeline/internal/healthcheck"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/control"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/inner"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "job engine:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case command == inner.Command:
		return inner.Main(args[1:])
	case command == "" || len(args) == 1 && command == "run":
		config, err := jobengine.ParseConfig(os.Getenv)
		if err != nil {
			return err
		}
		return jobengine.Run(ctx, config, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	case len(args) == 1 && command == "health":
		healthcheck.Hold(ctx, control.Socket)
		return inner.Ping(ctx, jobengine.DockerSocket)
	case len(args) == 2 && command == "probe":
		return control.Client{}.Probe(ctx, args[1])
	case len(args) == 1 && command == "proxies":
		config, err := jobengine.ParseConfig(os.Getenv)
		if err != nil {
			return err
		}
		return jobengine.LookupProxies(ctx, config)
	case len(args) == 1 && command == "acquire":
		return control.Client{}.Acquire(ctx)
	case len(args) == 1 && command == "release":
		return control.Client{}.Release(ctx)
	case len(args) > 3 && command == network.LocalhostCommand:
		return network.LocalhostHook(os.Stdin, args[1], args[2], args[3:]...)
	case len(args) == 1 && command == "stock":
		return jobengine.MakeStock(ctx)
	}
	return fmt.Errorf("unknown command %q", args)
}
