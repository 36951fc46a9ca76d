package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
)

func backupCommand(g *global) *cobra.Command {
	o := lifecycle.BackupOptions{Version: buildInfo().Version + " " + buildInfo().Revision, Guard: guard}
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the stack's data, state and keys to one file while the stack is running",
		Long: `backup writes one archive: everything on the forge's volumes (database, repositories,
packages, LFS, secret key), the runners' identities, Pulumi's state with the passphrase
that decrypts it, and Pulumi.<stack>.yaml. Writes to the forge wait for a moment; the
command says how long. Caches are left out.

Keep the file as safe as passwords: without --encrypt, it contains them in plain text.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env, err := g.environment()
			if err != nil {
				return err
			}
			o.File = args[0]
			return lifecycle.Backup(cmd.Context(), env, o)
		},
	}
	cmd.Flags().BoolVar(&o.Force, "force", false, "replace FILE if it exists")
	cmd.Flags().BoolVar(&o.Encrypt, "encrypt", false, "encrypt with a passphrase, which is asked for (age)")
	cmd.Flags().StringVar(&o.PassphraseFile, "passphrase-file", "", "encrypt with the passphrase in the first line of this file")
	cmd.Flags().StringArrayVar(&o.Recipients, "recipient", nil, "encrypt to this age recipient (age1…); can be repeated")
	return cmd
}
