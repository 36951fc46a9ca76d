package main

import (
	"context"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

// program is the Pulumi program of a stack, with artifacts that are there already.
func program(cfg config.Config, root string, a lifecycle.Artifacts, progress io.Writer) pulumi.RunFunc {
	return stack.NewProgram(stack.Options{
		Config: cfg, Root: root, Progress: progress,
		Resolve: func(context.Context, string, config.Config, io.Writer) (images.Images, error) {
			return a.Images, nil
		},
		Actions: func(context.Context, string, *artifacts.Progress) (string, error) { return a.Actions, nil },
	})
}
