package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/gather"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/render"
)

func traceCommand(g *global) *cobra.Command {
	var svg string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trace [run]",
		Short: "Show where the time of a workflow run went",
		Long: `trace shows one workflow run as a timeline: what each job waited for, its set-up,
every step, and what came after. The run is a number as status shows it; by default
the newest. A run that is not completed, or that failed, is shown as far as it went.

Times are from the jobs' and the runners' logs. A time that only the forge records is
known to the second, and marked with ~.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o := gather.Options{Stack: g.stack, Progress: g.err}
			if o.Run, err = runNumber(args); err != nil {
				return err
			}
			if o.Project, err = g.project(); err != nil {
				return err
			}
			t, err := gather.Read(cmd.Context(), o)
			if err != nil {
				return err
			}
			return g.show(t, asJSON, svg)
		},
	}
	cmd.Flags().StringVar(&svg, "svg", "", "also draw the timeline into this `file`")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// runNumber is the number of a run, or 0 for the newest.
func runNumber(args []string) (int64, error) {
	if len(args) == 0 {
		return 0, nil
	}
	number, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || number < 1 {
		return 0, problem.Usage(fmt.Errorf("the run %q is not a number as `pipeline status` shows it", args[0]))
	}
	return number, nil
}

// show prints the timeline, and draws it into the file svg if that has a name.
func (g *global) show(t model.Timeline, asJSON bool, svg string) error {
	if !asJSON {
		render.Text(g.out, t)
	} else if err := g.printJSON(t); err != nil {
		return err
	}
	if svg == "" {
		return nil
	}
	if err := render.SVG(svg, t); err != nil {
		return problem.New("drawing the timeline", err, "name a file that can be written: --svg FILE")
	}
	g.err.State("ok", "the timeline is drawn in %s", svg) // not into the JSON
	return nil
}
