package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// RestoreOptions are the choices of Restore.
type RestoreOptions struct {
	File           string
	Named          bool   // the user named the stack, which has to be the backup's
	PassphraseFile string // its first line opens the backup
	IdentityFile   string // of age
	MinDisk        int64  // bytes that must be free
}

// Restore puts a stack back from a backup onto a host that does not have it, and then
// brings it up. Repeated after an interruption, it continues.
func Restore(ctx context.Context, env Environment, o RestoreOptions) error {
	return run(ctx, env, restoreSteps(o))
}

func restoreSteps(o RestoreOptions) []Step {
	steps := []Step{
		section("Checking the backup"),
		openArchive(o),
		adoptStackName(o),
		checkPassphrase,
		ensureDocker,
		connect,
		checkAbsent(o.File),
		lockStack,
		unlessRestored(
			noteRestore(false),
			clearPartialRestore,
			writeFiles,
			readConfig(nil),
			section("Getting the artifacts"),
			getArtifacts,
			sectionStack("Restoring stack %q"),
			restoreVolumes,
			openStack(true),
			importState,
			noteRestore(true),
		),
		readConfig(nil),
		decryptSettings,
	}
	return append(steps, bringUp(UpOptions{Refresh: true, MinDisk: o.MinDisk})...)
}

// unlessRestored skips the steps when an interrupted restore has finished them.
func unlessRestored(steps ...Step) Step {
	return Step{"restoring the data", func(ctx context.Context, s *State) error {
		if s.archive.restored {
			return nil
		}
		return runAll(ctx, s, steps)
	}}
}

// openArchive verifies the whole file, and asks for its passphrase where it needs one.
func openArchive(o RestoreOptions) Step {
	return Step{"opening the backup", func(_ context.Context, s *State) error {
		archive, err := backup.Open(o.File, func(h backup.Header) (key backup.Key, err error) {
			key.IdentityFile = o.IdentityFile
			switch {
			case o.PassphraseFile != "":
				key.Passphrase, err = backup.ReadPassphrase(o.PassphraseFile)
			case h.Encrypted == backup.EncryptedPassphrase:
				key.Passphrase, err = s.Prompt.Passphrase("Passphrase of the backup: ")
			case o.IdentityFile == "":
				err = problem.Usage(errors.New("the backup is encrypted to an age recipient; name the identity with --identity FILE"))
			}
			return key, err
		})
		if err != nil {
			return archiveError(o.File, err)
		}
		s.onClose(archive.Close)
		s.archive.source, s.archive.sum = archive, fmt.Sprintf("%x", archive.Header.Sum)
		return nil
	}}
}

// archiveError says what to do about a backup that is refused.
func archiveError(file string, err error) error {
	next := ""
	switch {
	case errors.Is(err, backup.ErrNoBackup):
		next = "name a file that pipeline backup has written"
	case errors.Is(err, backup.ErrNewer):
		next = "restore it with a newer checkout of this project"
	case errors.Is(err, backup.ErrDamaged):
		next = "copy the file again from where it was complete, or take another backup; nothing was touched"
	case errors.Is(err, backup.ErrKey):
		next = "repeat with the right passphrase or identity; nothing was touched"
	default:
		return err
	}
	return problem.New(fmt.Sprintf("opening the backup %q", file), err, next)
}

// adoptStackName works on the backup's stack, which keeps its name.
func adoptStackName(o RestoreOptions) Step {
	return Step{"reading the stack's name", func(_ context.Context, s *State) error {
		m := s.archive.source.Manifest
		if o.Named && s.Stack != m.Stack {
			return problem.Usage(problem.New("restoring "+o.File, fmt.Errorf("it is of stack %q, and a stack keeps its name", m.Stack), "leave --stack out"))
		}
		s.Stack = m.Stack
		s.Out.State("ok", "stack %q of %s, %s", m.Stack, m.Created.Local().Format("2006-01-02 15:04:05"), ui.Bytes(s.archive.source.Header.Length))
		return nil
	}}
}

var checkPassphrase = Step{"checking the passphrase", func(_ context.Context, s *State) error {
	return pulumi.CheckPassphrase(s.Project, pulumi.Portable(s.archive.source.StateFiles))
}}

// checkAbsent refuses a host that has the stack, unless an interrupted restore of the
// same backup left it.
func checkAbsent(file string) Step {
	return Step{"checking that the stack is not here", func(ctx context.Context, s *State) error {
		note, begun, err := pulumi.ReadRestoring(s.Project, s.Stack)
		if err != nil {
			return err
		}
		if !begun {
			return refuseExisting(ctx, s)
		}
		if note.Data && note.Sum != s.archive.sum {
			return problem.New("restoring "+file, errors.New("the data of another backup are here already"),
				fmt.Sprintf("finish that restore with pipeline up --stack %s, or remove it with pipeline down --stack %s --purge", s.Stack, s.Stack))
		}
		s.archive.restored = note.Data
		return nil
	}}
}

// refuseExisting refuses a host that has the stack, or something of it.
func refuseExisting(ctx context.Context, s *State) error {
	what := fmt.Sprintf("restoring stack %q", s.Stack)
	next := fmt.Sprintf("keep it, or remove it with all its data first: pipeline down --stack %s --purge", s.Stack)
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return err
	}
	objects = slices.DeleteFunc(objects, func(o dockerhost.Object) bool { return o.Kind == "image" }) // no data
	if len(objects) > 0 {
		return problem.New(what, fmt.Errorf("it is here already: %s %s and %d more carry its label", objects[0].Kind, objects[0].Name, len(objects)-1), next)
	}
	if !pulumi.MayExist(s.Project, s.Stack) {
		return nil
	}
	err = runAll(ctx, s, []Step{getPulumi, openState, readOutputs})
	if errors.Is(err, pulumi.ErrNone) {
		return nil
	}
	if err == nil {
		err = errors.New("its state is here already")
	}
	return problem.New(what, err, next)
}

// noteRestore records how far the restore is. Until the data are complete, the note keeps
// other commands from using the stack.
func noteRestore(data bool) Step {
	return Step{"noting the restore", func(_ context.Context, s *State) error {
		if data {
			s.Out.State("ok", "state and configuration")
		}
		return pulumi.WriteRestoring(s.Project, s.Stack, pulumi.Restoring{Sum: s.archive.sum, Data: data})
	}}
}

// clearPartialRestore removes what an interrupted restore left: it starts again.
var clearPartialRestore = Step{"removing what an interrupted restore left", func(ctx context.Context, s *State) error {
	objects, err := dockerhost.FindObjects(ctx, s.Docker, s.Stack)
	if err != nil {
		return err
	}
	if err := dockerhost.RemoveObjects(ctx, s.Docker, objects); err != nil {
		return problem.New("removing what an interrupted restore left", err, "repeat the command")
	}
	return nil
}}

var writeFiles = Step{"writing the configuration", func(_ context.Context, s *State) error {
	return pulumi.WritePortable(s.Project, s.Stack, pulumi.Portable(s.archive.source.StateFiles))
}}

var restoreVolumes = Step{"restoring the volumes", func(ctx context.Context, s *State) error {
	if err := s.archive.source.Restore(ctx, s.Docker, s.Artifacts.Images.Gitea); err != nil {
		return problem.New("restoring the volumes", err, "fix what it says, then repeat the command; it starts again from the beginning")
	}
	for _, v := range s.archive.source.Manifest.Volumes {
		s.Out.State("ok", "volume %-15s %d files, %s", v.Name, v.Files, ui.Bytes(v.Bytes))
	}
	return nil
}}

var importState = Step{"importing the state", func(ctx context.Context, s *State) error {
	return s.Pulumi.ImportState(ctx, pulumi.Portable(s.archive.source.StateFiles))
}}
