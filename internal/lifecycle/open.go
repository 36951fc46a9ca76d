package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// lockLimit bounds the wait for a Pulumi that outlived its launcher.
const lockLimit = 2 * time.Minute

// readConfig reads the stack's configuration, with the assignments of the form
// key=value put over it. Its secrets are still encrypted.
func readConfig(assignments []string) Step {
	return Step{"reading the configuration", func(_ context.Context, s *State) (err error) {
		all := slices.Clone(assignments)
		for name := range s.secrets {
			assignment, err := config.EncryptedSetting(name, "") // it counts, and not what the file has
			if err != nil {
				return err
			}
			all = append(all, assignment)
		}
		s.Config, err = config.ForStack(s.Project, s.Stack, all)
		return err
	}}
}

// readSecrets reads the values of settings from files: section.KEY=FILE.
func readSecrets(assignments []string) Step {
	return Step{"reading secrets", func(_ context.Context, s *State) (err error) {
		if s.secrets, err = config.ReadSecrets(assignments); err != nil {
			return problem.Usage(problem.New("taking the secrets", err, "repeat with --secret section.KEY=FILE, such as mailer.PASSWD=password.txt, with the value in the file"))
		}
		return nil
	}}
}

// decryptSettings decrypts the secrets of the configuration, which the program needs.
var decryptSettings = Step{"decrypting the configuration", func(ctx context.Context, s *State) error {
	return pulumi.DecryptSettings(ctx, s.Project, s.Stack, &s.Config, s.secrets)
}}

var connect = Step{"connecting to the Docker host", func(ctx context.Context, s *State) error {
	if s.Docker != nil {
		return nil
	}
	cli, err := s.Machine.Connect(ctx)
	if err != nil {
		return err
	}
	s.Docker = cli
	s.onClose(func() { _ = cli.Close() })
	return nil
}}

var lockStack = Step{"locking the stack", func(_ context.Context, s *State) error {
	release, err := pulumi.Lock(s.Project.LockFile(s.Stack))
	if err == nil {
		s.onClose(release)
	}
	return err
}}

// requireStack returns an error where there is no such stack.
func requireStack(what, next string) Step {
	return Step{"looking for the stack", func(ctx context.Context, s *State) error {
		if pulumi.MayExist(s.Project, s.Stack) {
			return nil
		}
		return noStack(ctx, s, what, next, pulumi.ErrNone)
	}}
}

// noStack says that there is no such stack, or that only its state is missing.
func noStack(ctx context.Context, s *State, what, next string, err error) error {
	what = fmt.Sprintf(what, s.Stack)
	if lost := pulumi.FindLostState(ctx, s.Docker, s.Project, s.Stack); lost != nil {
		return problem.New(what, lost, "")
	}
	if strings.Contains(next, "%s") {
		next = fmt.Sprintf(next, s.Stack)
	}
	return problem.New(what, err, next)
}

// checkRestored refuses a stack whose restore is incomplete.
var checkRestored = Step{"looking for an unfinished restore", func(_ context.Context, s *State) error {
	return pulumi.CheckRestored(s.Project, s.Stack)
}}

// removeLeftovers cleans up after a backup that was killed.
var removeLeftovers = Step{"cleaning up after an interrupted backup", func(ctx context.Context, s *State) error {
	found, err := backup.Leftovers(ctx, s.Docker, s.Stack)
	if found && err == nil {
		s.Out.Line("an earlier backup was interrupted: its copy is removed, and the forge is running")
	}
	return err
}}

// openStack opens the stack with its program, and creates its state if create is set.
func openStack(create bool) Step {
	return Step{"opening the stack", func(ctx context.Context, s *State) (err error) {
		s.Pulumi, err = s.Machine.OpenStack(ctx, s.Project, s.Stack, s.Artifacts.Pulumi, s.Program(s.Config, s.Project.Root, s.Artifacts, s.Out), create)
		return err
	}}
}

// openState opens the stack only to read or remove it.
var openState = Step{"opening the state", func(ctx context.Context, s *State) (err error) {
	s.Pulumi, err = s.Machine.OpenStack(ctx, s.Project, s.Stack, s.Artifacts.Pulumi, pulumi.NoProgram, false)
	return err
}}

var installPlugin = Step{"installing the docker plugin", func(ctx context.Context, s *State) error {
	return s.Pulumi.InstallDockerPlugin(ctx, s.Artifacts.DockerPlugin.Path, s.Artifacts.DockerPlugin.Version)
}}

var awaitLocks = Step{"waiting for Pulumi's locks", func(ctx context.Context, s *State) error {
	return s.Pulumi.AwaitLocks(ctx, lockLimit, s.Out)
}}

// recoverState cleans up after an update that was killed.
var recoverState = Step{"cleaning up after an interrupted update", func(ctx context.Context, s *State) error {
	return s.Pulumi.Recover(ctx, s.Docker, s.Out)
}}

var readOutputs = Step{"reading the outputs", func(ctx context.Context, s *State) (err error) {
	if s.Outputs, err = s.Pulumi.Outputs(ctx); err != nil {
		return fmt.Errorf("reading the stack's outputs: %w", err)
	}
	return nil
}}

// forge is the operation's one client of the stack's forge. It signs in as the
// administrator when it is first used, and its token is revoked at the end.
func (s *State) forge() *gitea.Client {
	if s.client != nil {
		// It may not have signed in yet, and an update may have replaced the password.
		s.client.SetPassword(pulumi.Text(s.Outputs, "adminPassword"))
		return s.client
	}
	s.client = gitea.New(s.Config.LocalURL(), pulumi.Text(s.Outputs, "adminUser"), pulumi.Text(s.Outputs, "adminPassword"),
		s.Config.Owner, s.Config.Repository)
	s.onClose(func() {
		s.client.SetPassword(pulumi.Text(s.Outputs, "adminPassword")) // an update may have replaced it
		if err := s.client.Close(); err != nil {
			s.Out.Line("the access token that this command used is still valid: %v", err)
		}
	})
	return s.client
}

// orNoStack gives pulumi.ErrNone of a step its advice.
func orNoStack(step Step, what, next string) Step {
	inner := step.Run
	step.Run = func(ctx context.Context, s *State) error {
		err := inner(ctx, s)
		if errors.Is(err, pulumi.ErrNone) {
			return noStack(ctx, s, what, next, err)
		}
		return err
	}
	return step
}
