package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/lifecycle"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// global is what every command gets: the streams, and the flags of all commands.
type global struct {
	ioStreams
	stack  string
	dir    string
	parsed bool // the arguments were understood
}

// stackName is what Docker accepts in names and labels, and Pulumi as a stack.
var stackName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func rootCommand(g *global) *cobra.Command {
	root := &cobra.Command{
		Use:   "pipeline",
		Short: "A self-hosted GitOps pipeline on one Docker host",
		Long: `pipeline creates a Gitea forge, a runner and a registry on the Docker host,
pushes this project into the forge, and waits until the first run is green.

Exit codes: 0 done, 1 failed, 2 called wrongly.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if !stackName.MatchString(g.stack) {
				return problem.Usage(fmt.Errorf("the stack name %q is not 1 to 40 lower-case letters, digits and dashes", g.stack))
			}
			g.parsed = true
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&g.stack, "stack", "s", "dev", "the stack to work on")
	flags.StringVarP(&g.dir, "dir", "C", ".", "a directory inside the project")
	root.SetOut(g.out)
	root.SetErr(g.err)
	root.AddCommand(upCommand(g), downCommand(g), statusCommand(g), traceCommand(g), doctorCommand(g),
		backupCommand(g), restoreCommand(g), thawCommand(g), rotateCommand(g), buildCommand(g), partsCommand(g), versionCommand(g), checkCommand(g))
	return root
}

func (g *global) project() (project.Project, error) { return project.Find(g.dir) }

// environment is what an operation on the stack needs.
func (g *global) environment() (lifecycle.Environment, error) {
	p, err := g.project()
	return lifecycle.Environment{
		Project: p, Stack: g.stack, Out: g.out, Prompt: terminal{g.in, g.out}, Launcher: invocation(), Machine: lifecycle.NewMachine(), Program: program,
	}, err
}

// invocation is how the user can call this program again from the same directory.
func invocation() string {
	if path, err := exec.LookPath("pipeline"); err == nil && filepath.Base(os.Args[0]) == os.Args[0] && path != "" {
		return "pipeline"
	}
	return os.Args[0]
}

func takeOverFlag(cmd *cobra.Command, value *bool) {
	cmd.Flags().BoolVar(value, "take-over", false, "use the stack even if another checkout created it, or its state cannot be opened; its data stays")
}

func minDiskFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "min-disk", "", "how much disk must be free (default "+doctor.DefaultMinDisk+", or $"+doctor.MinDiskVariable+")")
}

// minDisk reads the flag, or its defaults, as a number of bytes.
func minDisk(flag string) (int64, error) {
	size, err := doctor.MinDisk(flag)
	if err != nil {
		return 0, problem.Usage(err)
	}
	return size, nil
}

func jsonFlag(cmd *cobra.Command, value *bool) {
	cmd.Flags().BoolVar(value, "json", false, "print JSON")
}

func (g *global) printJSON(v any) error {
	encoder := json.NewEncoder(g.stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}
