package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

func (a *app) doctorCommand() *cobra.Command {
	var fix bool
	var minDisk string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, and say how to mend what is wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.project()
			if err != nil {
				return err
			}
			least, err := doctor.MinDisk(minDisk)
			if err != nil {
				return &usageError{err}
			}
			if fix {
				if err := a.fix(cmd.Context(), p); err != nil {
					return err
				}
			}
			set, configErr := a.settings(p, nil)
			results := doctor.Run(cmd.Context(), a.checks(p, set, configErr, least, true))
			if a.opts.json {
				if err := a.printJSON(results); err != nil {
					return err
				}
			} else {
				a.report(results, true)
			}
			if doctor.AnyFailed(results) {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "mend what can be mended: install and start Docker, remove stale locks")
	minDiskFlag(cmd, &minDisk)
	a.jsonFlag(cmd)
	return cmd
}

func minDiskFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "min-disk", "", "how much disk must be free (default "+doctor.DefaultMinDisk+", or $"+doctor.MinDiskVariable+")")
}

func (a *app) fix(ctx context.Context, p project.Project) error {
	var progress io.Writer = a.out
	if a.opts.json {
		progress = a.err
	}
	if err := dockerhost.Ensure(ctx, dockerhost.Machine{}, progress); err != nil {
		return err
	}
	cleared, err := pulumi.ClearStale(p, a.opts.stack)
	for _, lock := range cleared {
		fmt.Fprintf(progress, "removed the lock of pid %d, which is dead\n", lock.Pid)
	}
	return err
}

func (a *app) checks(p project.Project, set settings, configErr error, least int64, reach bool) doctor.Settings {
	return doctor.Settings{
		Project: p, Stack: a.opts.stack, Config: set.config,
		MinDisk: least, ConfigError: configErr, Reach: reach,
	}
}

// report prints the results, or only those that need attention.
func (a *app) report(results []doctor.Result, all bool) {
	for _, r := range results {
		if !all && r.State != doctor.Failed && r.State != doctor.Warning {
			continue
		}
		a.out.State(string(r.State), "%-16s %s", r.Name, r.Detail)
		if r.Next != "" {
			a.out.Line("%s %-16s next: %s", "         ", "", r.Next)
		}
	}
}
