package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/rotate"
)

// RotateOptions are the choices of Rotate.
type RotateOptions struct {
	Secrets []rotate.Secret
	All     bool // Secrets are all there are
}

// What rotate says where there is no stack.
const (
	rotatingWhat = "rotating secrets of stack %q"
	rotatingNext = "bring it up first: pipeline up --stack %s"
)

// Rotate replaces secrets of the stack. Jobs that are running finish first.
func Rotate(ctx context.Context, env Environment, o RotateOptions) error {
	secrets, err := rotatable(env, o)
	if err != nil {
		return err
	}
	steps := []Step{
		readConfig(nil),
		connect,
		requireStack(rotatingWhat, rotatingNext),
		lockStack,
		decryptSettings,
		section("Getting the artifacts"),
		getArtifacts,
		orNoStack(openStack(false), rotatingWhat, rotatingNext),
		installPlugin,
		readOutputs,
		awaitIdleRunners,
	}
	steps = append(steps, replaceSecrets(secrets)...)
	return run(ctx, env, append(steps, countRotated(len(secrets))))
}

// replaceSecrets replaces the secrets, place by place. The state is first: the rest
// signs in with the administrator's new password.
func replaceSecrets(secrets []rotate.Secret) []Step {
	var steps []Step
	for _, place := range []struct {
		title string
		at    rotate.Place
		steps func([]rotate.Secret) []Step
	}{
		{"Replacing what the stack holds", rotate.State, replaceInState},
		{"Regenerating the forge's secrets", rotate.Volume, regenerateOnVolume},
		{"Registering the runners again", rotate.Runner, func([]rotate.Secret) []Step { return []Step{registerRunners} }},
		{"Encrypting the state again", rotate.Passphrase, func([]rotate.Secret) []Step { return []Step{rotatePassphrase} }},
	} {
		chosen := rotate.At(secrets, place.at)
		if len(chosen) == 0 {
			continue
		}
		steps = append(steps, section("%s", place.title))
		steps = append(steps, place.steps(chosen)...)
		steps = append(steps, listRotated(chosen))
	}
	return steps
}

// rotatable leaves out, or refuses, a passphrase that is not the launcher's own.
func rotatable(env Environment, o RotateOptions) ([]rotate.Secret, error) {
	if pulumi.OwnPassphrase() || len(rotate.At(o.Secrets, rotate.Passphrase)) == 0 {
		return o.Secrets, nil
	}
	const next = "pulumi stack change-secrets-provider passphrase"
	if !o.All {
		return nil, problem.New("rotating the passphrase", errors.New("it, or the state's backend, is yours and not the launcher's"), "run: "+next)
	}
	env.Out.State("skipped", "passphrase: it, or the state's backend, is yours; run: %s", next)
	var kept []rotate.Secret
	for _, s := range o.Secrets {
		if s.Place != rotate.Passphrase {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

// awaitIdleRunners waits for running jobs to finish. After an interrupted rotation the
// forge may be gone, or know another password: then no job can be seen.
var awaitIdleRunners = Step{"waiting for running jobs", func(ctx context.Context, s *State) error {
	f := s.forge()
	if _, err := f.RunnersNamed(ctx, s.Stack); err != nil {
		s.Out.Line("the forge cannot be asked for running jobs (%v); continuing", err)
		return nil
	}
	if err := rotate.Resume(ctx, s.Docker, s.Stack, f, s.Out); err != nil {
		return err
	}
	return rotate.Idle(ctx, f, s.Stack, s.Out)
}}

// replaceInState has Pulumi replace the secrets' resources.
func replaceInState(secrets []rotate.Secret) []Step {
	var names []string
	for _, secret := range secrets {
		names = append(names, secret.Resource)
	}
	return []Step{awaitLocks, removeLeftovers, recoverState, replace(names...)}
}

// replace updates the stack and replaces the resources of the given logical names.
func replace(names ...string) Step {
	return Step{"replacing resources", func(ctx context.Context, s *State) error {
		urns, err := s.Pulumi.URNs(ctx, names...)
		if err != nil {
			return problem.New(fmt.Sprintf("replacing resources of stack %q", s.Stack), err, "bring it up first: pipeline up --stack "+s.Stack)
		}
		return update(optup.Replace(urns)).Run(ctx, s)
	}}
}

// regenerateOnVolume has the forge replace the secrets on its volume.
func regenerateOnVolume(secrets []rotate.Secret) []Step {
	return []Step{{"regenerating the forge's secrets", func(ctx context.Context, s *State) error {
		rekey, err := s.Machine.Rekey(ctx, s.Project.Root, s.Out)
		if err != nil {
			return artifacts.Problem("the program that encrypts the forge's secrets again", err)
		}
		if err := rotate.OnVolume(ctx, s.Docker, s.Stack, secrets, rekey); err != nil {
			return err
		}
		for _, secret := range secrets {
			if secret.Name == rotate.JWTSecret {
				return rotate.JobEngines(ctx, s.Docker, s.Stack)
			}
		}
		return nil
	}}}
}

var registerRunners = Step{"registering the runners again", func(ctx context.Context, s *State) error {
	return rotate.Credentials(ctx, s.Docker, s.Stack, s.forge(), s.Out)
}}

var rotatePassphrase = Step{"encrypting the state again", func(ctx context.Context, s *State) error {
	return pulumi.RotatePassphrase(ctx, s.Project, s.Stack, s.Artifacts.Pulumi, lockLimit, s.Out)
}}

func listRotated(secrets []rotate.Secret) Step {
	return Step{"listing the new secrets", func(_ context.Context, s *State) error {
		for _, secret := range secrets {
			s.Out.State("ok", "%s is a new one", secret.Name)
		}
		return nil
	}}
}

func countRotated(count int) Step {
	return Step{"summarizing", func(_ context.Context, s *State) error {
		s.Out.Section(fmt.Sprintf("%d secrets of stack %q are new (%s)", count, s.Stack, s.took()))
		return nil
	}}
}
