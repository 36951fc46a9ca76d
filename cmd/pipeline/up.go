package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func upCommand(g *global) *cobra.Command {
	var o lifecycle.UpOptions
	var disk string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Create or update the stack, and wait until its first run is green",
		Long: `up checks the machine, gets the artifacts, creates or updates the stack, and follows
the first workflow run until its image can be pulled. Repeated, it changes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			if o.MinDisk, err = minDisk(disk); err != nil {
				return err
			}
			return lifecycle.Up(cmd.Context(), env, o)
		},
	}
	cmd.Flags().StringArrayVarP(&o.Config, "config", "c", nil, "set a configuration key first, as key=value; kept in Pulumi.<stack>.yaml")
	cmd.Flags().StringArrayVar(&o.Secrets, "secret", nil, "set a secret setting of the forge first, as section.KEY=FILE with the value in FILE; kept encrypted in Pulumi.<stack>.yaml")
	cmd.Flags().BoolVar(&o.Refresh, "refresh", false, "first compare the state with what exists, and create again what is missing")
	cmd.Flags().BoolP("yes", "y", false, "ask nothing (up never asks; for symmetry with down)")
	takeOverFlag(cmd, &o.TakeOver)
	minDiskFlag(cmd, &disk)
	return cmd
}
