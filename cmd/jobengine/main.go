// Command jobengine runs in the container of a runner's job engine.
//
//	jobengine health   exits with 0 if the Docker engine for jobs answers
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "job engine:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "health" {
		return jobengine.Ping(ctx, jobengine.DockerSocket)
	}
	return fmt.Errorf("unknown command %q; the only command is health", args)
}
