package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/workflowcheck"
)

func checkCommand(g *global) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [repository]",
		Short: "Say what in a repository's workflows will not run here as on GitHub",
		Long: `check reads the workflows of the repository in a directory, by default the current
one, and says by file and line what will not run on this forge as on GitHub, and what to
write instead. It needs no stack. It exits with 1 when there is an error; warnings alone
are no failure.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			p, err := g.project()
			if err != nil {
				return err
			}
			options, err := g.forgeHas(p)
			if err != nil {
				return err
			}
			findings, err := workflowcheck.Check(dir, options)
			if err != nil {
				return err
			}
			if !asJSON {
				g.showFindings(findings)
			} else if err := g.printJSON(findings); err != nil {
				return err
			}
			if slices.ContainsFunc(findings, workflowcheck.Finding.IsError) {
				return errReported
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// forgeHas are the labels of the stack's runners, and the actions that its forge has.
func (g *global) forgeHas(p project.Project) (workflowcheck.Options, error) {
	cfg, err := config.ForStack(p, g.stack, nil)
	if err != nil {
		return workflowcheck.Options{}, err
	}
	o := workflowcheck.Options{Labels: append(config.DefaultLabels(), slices.Sorted(maps.Keys(cfg.Runner.Labels))...)}
	o.Actions = stack.ActionNames(cfg)
	return o, nil
}

func (g *global) showFindings(findings []workflowcheck.Finding) {
	errors := 0
	for _, f := range findings {
		if f.IsError() {
			errors++
		}
		fmt.Fprintf(g.out, "%s:%d:%d: %s: %s [%s]\n", f.File, f.Line, f.Column, f.Severity, f.Message, f.Rule)
		if f.Instead != "" {
			fmt.Fprintf(g.out, "    instead: %s\n", f.Instead)
		}
	}
	if len(findings) == 0 {
		g.out.State("ok", "nothing was found that runs differently here")
		return
	}
	fmt.Fprintf(g.out, "%s, %s\n", plural(errors, "error"), plural(len(findings)-errors, "warning"))
}

// plural is a number of things, such as "1 error" and "2 errors".
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
