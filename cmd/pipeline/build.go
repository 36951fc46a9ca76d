package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func buildCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Get or build the programs and images that up needs, ahead of up",
		Long: `build gets or builds every artifact: the Pulumi CLI, its plugins and the container
images. What is there already is kept. up does the same; build does it alone, for example
before a machine goes offline.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			return lifecycle.Build(cmd.Context(), env)
		},
	}
}

// partsCommand is build under the name that it had first.
func partsCommand(g *global) *cobra.Command {
	cmd := buildCommand(g)
	cmd.Use, cmd.Hidden = "parts", true
	return cmd
}
