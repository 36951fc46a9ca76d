package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// settings are what the launcher itself needs of a stack's configuration.
type settings struct {
	values      map[string]string // with the namespace, as the program reads them
	config      config.Config
	images      config.ImageSource
	owner, name string
	seed        bool
	url         string // of the forge, as this host reaches it
	registry    string
	image       string // what the first run publishes
}

// settings reads and validates the stack's configuration, with the assignments put over it.
func (a *app) settings(p project.Project, assignments []string) (settings, error) {
	own, err := config.Read(p, a.opts.stack)
	if err != nil {
		return settings{}, err
	}
	merged, err := config.Overlay(own, assignments)
	if err != nil {
		return settings{}, &usageError{err}
	}
	s := settings{values: map[string]string{}}
	for key, value := range merged {
		s.values[naming.Project+":"+key] = value
	}
	c, err := config.Parse(s.values)
	if err != nil && len(assignments) > 0 {
		return settings{}, &usageError{problem.New("taking the -c values", err, "correct them; the README's table lists the keys")}
	}
	if err != nil {
		err = problem.New(fmt.Sprintf("checking the configuration of stack %q", a.opts.stack), err,
			fmt.Sprintf("correct it in %s, or with -c key=value", p.ConfigFile(a.opts.stack)))
	}
	s.config = c
	s.images, s.owner, s.name, s.seed = c.Images, c.Owner, c.Repository, c.Seed
	s.url, s.registry, s.image = c.LocalURL(), c.Registry(), c.Image()
	return s, err
}

// program is the Pulumi program, with the images that were resolved already.
func program(p project.Project, s settings, resolved images.Images, progress io.Writer) sdk.RunFunc {
	return stack.NewProgram(stack.Options{
		Values: s.values, Root: p.Root, Progress: progress,
		Resolve: func(context.Context, string, config.ImageSource, io.Writer) (images.Images, error) {
			return resolved, nil
		},
	})
}

// noProgram is for commands that only read or remove.
func noProgram(*sdk.Context) error {
	return errors.New("this command runs no program")
}

func (a *app) open(ctx context.Context, p project.Project, cli artifacts.CLI, run sdk.RunFunc, create bool) (*pulumi.Stack, error) {
	s, err := pulumi.Open(ctx, p, a.opts.stack, cli, run, create)
	if err != nil {
		return nil, fmt.Errorf("opening stack %q: %w", a.opts.stack, err)
	}
	a.command.Store(s.Command)
	return s, nil
}
