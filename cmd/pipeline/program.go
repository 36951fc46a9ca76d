package main

import (
	"context"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// program is the Pulumi program of a stack, with images that were resolved already.
func program(cfg config.Config, root string, resolved images.Images, progress io.Writer) pulumi.RunFunc {
	return stack.NewProgram(stack.Options{
		Config: cfg, Root: root, Progress: progress,
		Resolve: func(context.Context, string, config.Config, io.Writer) (images.Images, error) {
			return resolved, nil
		},
	})
}
