package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func partsCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "parts",
		Short: "Get or build every artifact ahead of the first up",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			return lifecycle.Build(cmd.Context(), env)
		},
	}
}
