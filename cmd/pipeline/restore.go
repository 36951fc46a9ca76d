package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func restoreCommand(g *global) *cobra.Command {
	var o lifecycle.RestoreOptions
	var disk string
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a stack from a backup, onto a host that does not have it",
		Long: `restore checks the whole file first. It refuses a file that is damaged or of a newer
format, and a stack that exists already, before anything is changed. It restores
volumes, state and configuration, and then does what up does. Repeated after an
interruption, it continues.

The stack keeps its name, because the names of its resources and volumes contain it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			if o.MinDisk, err = minDisk(disk); err != nil {
				return err
			}
			o.File, o.Named = args[0], cmd.Flags().Changed("stack")
			return lifecycle.Restore(cmd.Context(), env, o)
		},
	}
	cmd.Flags().StringVar(&o.PassphraseFile, "passphrase-file", "", "the backup's passphrase is the first line of this file")
	cmd.Flags().StringVar(&o.IdentityFile, "identity", "", "open the backup with the age identities in this file")
	minDiskFlag(cmd, &disk)
	return cmd
}
