package lifecycle

import (
	"context"
	"errors"

	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/rotate"
)

// UpOptions are the choices of Up.
type UpOptions struct {
	Config   []string // configuration to set first, as key=value; kept in the stack's file
	Secrets  []string // settings of the forge to set first, as section.KEY=FILE; kept there encrypted
	Refresh  bool     // compare the state with what is really there
	TakeOver bool     // also use a stack of another checkout, or one whose state cannot be opened
	MinDisk  int64    // bytes that must be free
}

// Up creates or updates the stack, and ends when its first workflow run is green.
func Up(ctx context.Context, env Environment, o UpOptions) error {
	return run(ctx, env, upSteps(o))
}

func upSteps(o UpOptions) []Step {
	steps := []Step{
		readSecrets(o.Secrets),
		readConfig(o.Config),
		lockStack,
		checkRestored,
		checkState(o.TakeOver),
		decryptSettings,
	}
	return append(steps, bringUp(o)...)
}

// bringUp returns the steps that up and restore have in common.
func bringUp(o UpOptions) []Step {
	return []Step{
		section("Checking this machine"),
		ensureDocker,
		connect,
		checkOwner(o.TakeOver),
		checkHost(o.MinDisk),
		saveConfig(o.Config),
		section("Getting the artifacts"),
		getArtifacts,
		sectionStack("Updating stack %q"),
		setStateAside,
		openStack(true),
		installPlugin,
		awaitLocks,
		removeLeftovers,
		recoverState,
		removeUnmanaged(o.TakeOver, true),
		updateStack(o.Refresh),
		resumeRotation,
		endRestore,
		ready(o.Refresh),
		followFirstRun,
		summarize,
	}
}

var ensureDocker = Step{"looking for Docker", func(ctx context.Context, s *State) error {
	return s.Machine.EnsureDocker(ctx, s.Out)
}}

// checkHost refuses a machine that cannot run the stack, before anything is changed.
func checkHost(minDisk int64) Step {
	return Step{"checking this machine", func(ctx context.Context, s *State) error {
		results := s.Machine.CheckHost(ctx, doctor.Settings{
			Project: s.Project, Stack: s.Stack, Config: s.Config, MinDisk: minDisk,
		})
		doctor.Print(s.Out, results, false)
		if doctor.AnyFailed(results) {
			return problem.New("checking this machine", errors.New("it cannot run the stack as it is"), "fix what is marked failed above, then repeat")
		}
		s.Out.State("ok", "%d checks", len(results))
		return nil
	}}
}

// saveConfig keeps the assignments, and the secrets that were given, in the stack's
// configuration file.
func saveConfig(assignments []string) Step {
	return Step{"saving the configuration", func(ctx context.Context, s *State) error {
		return pulumi.SaveConfig(ctx, s.Project, s.Stack, assignments, s.secrets)
	}}
}

// updateStack runs the program. After a restore that has not ended, the state lists
// objects that were on another host, or that only the refresh of an earlier attempt removed.
func updateStack(refreshed bool) Step {
	return Step{"updating the stack", func(ctx context.Context, s *State) error {
		_, restoring, err := pulumi.ReadRestoring(s.Project, s.Stack)
		if err != nil {
			return err
		}
		return update(refresh(refreshed || restoring)...).Run(ctx, s)
	}}
}

// resumeRotation enables the runners that an interrupted rotation has left disabled.
var resumeRotation = Step{"looking for an interrupted rotation", func(ctx context.Context, s *State) error {
	return rotate.Resume(ctx, s.Docker, s.Stack, s.forge(), s.Out)
}}

// endRestore removes the note of a restore, whose last step was the update.
var endRestore = Step{"ending a restore", func(_ context.Context, s *State) error {
	return pulumi.EndRestoring(s.Project, s.Stack)
}}
