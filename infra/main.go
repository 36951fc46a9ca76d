// Command infra is the Pulumi program.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

func main() {
	var info *pulumi.RunInfo
	pulumi.Run(func(ctx *pulumi.Context) error {
		return advised(run(ctx, info.Config, info.ConfigSecretKeys))
	}, func(i *pulumi.RunInfo) { info = i })
}

func run(ctx *pulumi.Context, values map[string]string, secretKeys []string) error {
	// The launcher sets the provider's environment; here it is the user's own.
	endpoint, err := dockerhost.ResolveEndpoint()
	if err != nil {
		return err
	}
	if err := endpoint.CheckProvider(values, os.Getenv); err != nil {
		return err
	}
	cfg, err := config.Parse(values, secretKeys...)
	if err != nil {
		return err
	}
	return stack.NewProgram(stack.Options{Config: cfg})(ctx)
}

// advised adds to an error what to do next: Pulumi prints the error alone.
func advised(err error) error {
	if next := problem.Next(err); next != "" {
		return fmt.Errorf("%w\nnext: %s", err, next)
	}
	return err
}
