package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/status"
)

func statusCommand(g *global) *cobra.Command {
	var asJSON bool
	var o status.Options
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show containers, runners, runs, published images and disk use",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if o.Project, err = g.project(); err != nil {
				return err
			}
			o.Stack, o.Progress = g.stack, g.err
			s, err := status.Read(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				return g.printJSON(s)
			}
			s.Print(g.out)
			return nil
		},
	}
	cmd.Flags().BoolVar(&o.Secrets, "show-secrets", false, "also show the passwords")
	jsonFlag(cmd, &asJSON)
	return cmd
}
