package main

import (
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/rotate"
)

func rotateCommand(g *global) *cobra.Command {
	var o lifecycle.RotateOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rotate [secret ...]",
		Short: "Replace the stack's secrets; without arguments, list them",
		Long: `rotate gives the named secrets, or all, new values; the old ones stop working.
Running jobs finish first. After an interruption, the same command continues from there.
Without arguments it lists the secrets, what each protects, and what rotating it does.`,
		RunE: func(cmd *cobra.Command, names []string) (err error) {
			if len(names) == 0 && !o.All {
				return listSecrets(g, asJSON)
			}
			if o.Secrets, err = rotate.Select(names, o.All); err != nil {
				return problem.Usage(err)
			}
			env, err := g.environment()
			if err != nil {
				return err
			}
			return lifecycle.Rotate(cmd.Context(), env, o)
		},
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "every secret")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func listSecrets(g *global, asJSON bool) error {
	if asJSON {
		return g.printJSON(rotate.Secrets)
	}
	for _, s := range rotate.Secrets {
		g.out.Line("%-18s protects %s", s.Name, s.Protects)
		g.out.Line("%-18s rotate   %s", "", s.Does)
	}
	return nil
}
