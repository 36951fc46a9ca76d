package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/parts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/workspace"
)

// settings are what the launcher itself needs of a stack's configuration.
type settings struct {
	values      map[string]string // with the namespace, as the program reads them
	httpPort    int
	sshPort     int
	bindAddress string
	images      parts.Mode
	owner, name string
	seed        bool
	url         string // of the forge, as this host reaches it
	registry    string
	image       string // what the first run publishes
}

// settings reads and validates the stack's configuration, with the assignments put over it.
func (a *app) settings(p project.Project, assignments []string) (settings, error) {
	own, err := workspace.Config(p, a.opts.stack)
	if err != nil {
		return settings{}, err
	}
	merged, err := workspace.Overlay(own, assignments)
	if err != nil {
		return settings{}, &usageError{err}
	}
	s := settings{values: map[string]string{}}
	for key, value := range merged {
		s.values[project.Name+":"+key] = value
	}
	c, err := stack.ParseConfig(s.values)
	if err != nil && len(assignments) > 0 {
		return settings{}, &usageError{problem.New("taking the -c values", err, "correct them; the README's table lists the keys")}
	}
	if err != nil {
		err = problem.New(fmt.Sprintf("checking the configuration of stack %q", a.opts.stack), err,
			fmt.Sprintf("correct it in %s, or with -c key=value", p.ConfigFile(a.opts.stack)))
	}
	s.httpPort, s.sshPort, s.bindAddress = c.HTTPPort, c.SSHPort, c.BindAddress
	s.images, s.owner, s.name, s.seed = c.Images, c.Owner, c.Repository, c.Seed
	s.url, s.registry, s.image = c.LocalURL(), c.Registry(), c.Image()
	return s, err
}

// program is the Pulumi program, with the images that were resolved already.
func program(p project.Project, s settings, images parts.Images, progress io.Writer) pulumi.RunFunc {
	return stack.NewProgram(stack.Options{
		Values: s.values, Root: p.Root, Progress: progress,
		Resolve: func(context.Context, string, parts.Mode, io.Writer) (parts.Images, error) { return images, nil },
	})
}

// noProgram is for commands that only read or remove.
func noProgram(*pulumi.Context) error {
	return errors.New("this command runs no program")
}

func (a *app) open(ctx context.Context, p project.Project, cli parts.CLI, run pulumi.RunFunc, create bool) (*workspace.Stack, error) {
	s, err := workspace.Open(ctx, p, a.opts.stack, cli, run, create)
	if err != nil {
		return nil, fmt.Errorf("opening stack %q: %w", a.opts.stack, err)
	}
	a.command.Store(s.Command)
	return s, nil
}
