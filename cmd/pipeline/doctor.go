package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
)

func doctorCommand(g *global) *cobra.Command {
	var fix, asJSON bool
	var disk string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine and the stack, and say how to fix what is wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := g.project()
			if err != nil {
				return err
			}
			least, err := minDisk(disk)
			if err != nil {
				return err
			}
			cfg, configErr := config.ForStack(p, g.stack, nil)
			settings := doctor.Settings{
				Project: p, Stack: g.stack, Config: cfg,
				MinDisk: least, ConfigError: configErr, Reach: true,
			}
			if fix {
				var progress io.Writer = g.out
				if asJSON {
					progress = g.err
				}
				if err := doctor.Fix(cmd.Context(), settings, progress); err != nil {
					return err
				}
			}
			results := append(doctor.Run(cmd.Context(), settings), doctor.RunStack(cmd.Context(), settings, g.err)...)
			if !asJSON {
				doctor.Print(g.out, results, true)
			} else if err := g.printJSON(results); err != nil {
				return err
			}
			if doctor.AnyFailed(results) {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "fix what can be fixed: install and start Docker, remove stale locks, restart what does not work")
	minDiskFlag(cmd, &disk)
	jsonFlag(cmd, &asJSON)
	return cmd
}
