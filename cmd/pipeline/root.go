package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// options are the flags that several commands have.
type options struct {
	stack string
	dir   string
	yes   bool
	json  bool
}

// stackName is what Docker accepts in names and labels, and Pulumi as a stack.
var stackName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "pipeline",
		Short: "A self-hosted GitOps pipeline on one Docker host",
		Long: `pipeline brings up a Gitea forge, a runner and a registry on this machine's
Docker engine, pushes this project into it, and waits until the first run is green.

Exit codes: 0 done, 1 failed, 2 called wrongly.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if !stackName.MatchString(a.opts.stack) {
				return &usageError{fmt.Errorf("the stack name %q is not 1 to 40 lower-case letters, digits and dashes", a.opts.stack)}
			}
			a.begun = true
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.opts.stack, "stack", "s", "dev", "the stack to work on")
	flags.StringVarP(&a.opts.dir, "dir", "C", ".", "a folder inside the project")
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(a.upCommand(), a.downCommand(), a.statusCommand(), a.traceCommand(), a.doctorCommand(),
		a.backupCommand(), a.restoreCommand(), a.thawCommand(), a.rotateCommand(), a.versionCommand(), a.partsCommand())
	return root
}

func (a *app) project() (project.Project, error) { return project.Find(a.opts.dir) }

// hold connects to the engine and locks a stack that is there, until release;
// without one the error is pulumi.ErrNone.
func (a *app) hold(ctx context.Context, p project.Project) (cli *client.Client, release func(), err error) {
	cli, _, err = dockerhost.Connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	unlock := func() {}
	if err = pulumi.ErrNone; pulumi.MayExist(p, a.opts.stack) {
		unlock, err = pulumi.Lock(p.LockFile(a.opts.stack))
	}
	if err != nil {
		_ = cli.Close()
		return nil, nil, err
	}
	return cli, func() { unlock(); _ = cli.Close() }, nil
}

// confirm asks the user to type want; without a terminal it is a usage error.
func (a *app) confirm(question, want string) error {
	if a.opts.yes {
		return nil
	}
	file, ok := a.in.(*os.File)
	if !ok || !isTerminal(file) {
		return &usageError{errors.New("this removes data and has to be confirmed, and there is no terminal to ask on; add --yes")}
	}
	fmt.Fprintf(a.out, "%s ", question)
	var answer string
	if _, err := fmt.Fscanln(a.in, &answer); err != nil || answer != want {
		return errors.New("not confirmed; nothing was removed")
	}
	return nil
}
