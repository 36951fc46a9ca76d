package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func downCommand(g *global) *cobra.Command {
	var o lifecycle.DownOptions
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove the stack's containers; its data stays unless --purge is given",
		Long: `down removes the stack's containers and networks and keeps its volumes: the next
up finds repositories, runs and packages again. With --purge it first lists, then
removes everything that carries the stack's label, and the stack's Pulumi state.
When there is no such stack, down says so and exits 0. When only its containers and
networks are left, for example after .pipeline was lost, down removes those.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			return lifecycle.Down(cmd.Context(), env, o)
		},
	}
	cmd.Flags().BoolVar(&o.Purge, "purge", false, "also remove the data: everything with the stack's label")
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask before --purge removes data")
	takeOverFlag(cmd, &o.TakeOver)
	return cmd
}
