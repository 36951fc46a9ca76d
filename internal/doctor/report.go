package doctor

import (
	"context"
	"fmt"
	"io"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Print prints the results, or only those that need attention.
func Print(out *ui.Printer, results []Result, all bool) {
	for _, r := range results {
		if !all && r.State != Failed && r.State != Warning {
			continue
		}
		out.State(string(r.State), "%-16s %s", r.Name, r.Detail)
		if r.Next != "" {
			out.Line("%s %-16s next: %s", "         ", "", r.Next)
		}
	}
}

// Fix installs and starts Docker where it can, and removes stale locks.
func Fix(ctx context.Context, p project.Project, stack string, progress io.Writer) error {
	if err := dockerhost.Ensure(ctx, dockerhost.Machine{}, progress); err != nil {
		return err
	}
	cleared, err := pulumi.ClearStale(p, stack)
	for _, lock := range cleared {
		fmt.Fprintf(progress, "removed the lock of pid %d, which is dead\n", lock.Pid)
	}
	return err
}
