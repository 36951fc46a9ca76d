package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// BackupOptions are the choices of Backup.
type BackupOptions struct {
	File           string // to write
	Force          bool   // replace File
	Encrypt        bool   // with a passphrase that is asked for
	PassphraseFile string // encrypt with the passphrase in its first line
	Recipients     []string
	Version        string // of this program, for the manifest
	// Guard starts a process that unpauses the forge's container if this one dies.
	Guard func(container string) (release func(), err error)
}

// archiveState is what the steps of backup and restore share.
type archiveState struct {
	lock     backup.Lock
	manifest backup.Manifest
	files    backup.StateFiles
	snapshot *backup.Snapshot
	forge    string // container; empty when it is not running
	image    string // that has a shell

	source   *backup.Archive // of restore
	sum      string          // of the source
	restored bool            // the data are here already
}

// Backup writes the stack's data, state and keys into one file while it is running.
func Backup(ctx context.Context, env Environment, o BackupOptions) error {
	const what = "backing up stack %q"
	return run(ctx, env, []Step{
		checkTarget(o.File, o.Force),
		readEncryption(o),
		connect,
		requireStack(what, "name it: pipeline backup FILE --stack NAME"),
		lockStack,
		checkRestored,
		removeLeftovers,
		sectionStack("Backing up stack %q"),
		readConfig(nil),
		getPulumi,
		orNoStack(openState, what, "name it: pipeline backup FILE --stack NAME"),
		awaitLocks,
		readOutputs,
		collectState(o.Version),
		findForge,
		takeSnapshot(o.Guard),
		writeArchive(o.File),
	})
}

// checkTarget refuses a file that exists.
func checkTarget(file string, force bool) Step {
	return Step{"checking the file's name", func(context.Context, *State) error {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("looking at %q: %w", file, err)
		case info.IsDir():
			return problem.Usage(fmt.Errorf("%q is a directory; name a file in it", file))
		case force:
			return nil
		}
		return problem.New(fmt.Sprintf("writing %q", file), errors.New("it is there already"), "choose another name, or replace it with --force")
	}}
}

// readEncryption decides what the archive is encrypted to.
func readEncryption(o BackupOptions) Step {
	return Step{"reading the passphrase", func(_ context.Context, s *State) (err error) {
		lock := backup.Lock{Recipients: o.Recipients}
		if o.PassphraseFile != "" {
			lock.Passphrase, err = backup.ReadPassphrase(o.PassphraseFile)
		} else if o.Encrypt && len(o.Recipients) == 0 {
			lock.Passphrase, err = s.Prompt.NewPassphrase()
		}
		if err != nil {
			return err
		}
		if err := lock.Check(); err != nil {
			return problem.Usage(err)
		}
		s.archive.lock = lock
		return nil
	}}
}

// collectState reads the manifest and everything that is not on volumes.
func collectState(version string) Step {
	return Step{"reading the state", func(ctx context.Context, s *State) error {
		s.archive.manifest = backup.Manifest{
			Format: backup.Format, Stack: s.Stack, Created: time.Now().UTC().Truncate(time.Second), Pipeline: strings.TrimSpace(version),
		}
		portable, err := s.Pulumi.ReadPortable(ctx, s.Project)
		if err != nil {
			return err
		}
		s.archive.files = backup.StateFiles(portable)
		// The version is informative only: a forge that is down can be backed up.
		s.archive.manifest.Gitea, _ = s.forge().Version(ctx)
		return nil
	}}
}

// findForge finds the forge's running container, and an image that has a shell.
var findForge = Step{"looking for the forge", func(ctx context.Context, s *State) error {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Stack, naming.Forge)
	if err != nil {
		return err
	}
	if len(list) > 0 && list[0].State == container.StateRunning {
		s.archive.forge, s.archive.image = list[0].ID, list[0].ImageID
		return nil
	}
	s.Out.Line("the forge is not running: there is nothing to pause")
	images, err := s.Machine.Images(ctx, s.Project.Root, s.Config, artifacts.NewProgress(s.Out))
	s.archive.image = images.Gitea
	return artifacts.Problem("the images", err)
}}

// takeSnapshot copies the volumes, and pauses the forge for the end of it.
func takeSnapshot(guard func(string) (func(), error)) Step {
	return Step{"copying the stack's data", func(ctx context.Context, s *State) error {
		a := &s.archive
		snapshot, err := backup.Take(ctx, s.Docker, s.Stack, a.forge, a.image, guard)
		if err != nil {
			return problem.New("copying the stack's data", err, "repeat the command; nothing was changed")
		}
		s.onClose(snapshot.Close)
		s.Out.Line("writes were paused for %.1f s", snapshot.Paused.Seconds())
		a.snapshot, a.manifest.Volumes = snapshot, snapshot.Volumes
		return nil
	}}
}

func writeArchive(file string) Step {
	return Step{"writing the backup", func(ctx context.Context, s *State) error {
		a := &s.archive
		files, err := a.snapshot.Files(ctx)
		if err != nil {
			return err
		}
		defer files.Close()
		header, err := backup.Write(file, a.lock, a.manifest, a.files, files)
		if err != nil {
			return problem.New(fmt.Sprintf("writing %q", file), err, "repeat the command; nothing was changed")
		}
		var count int
		for _, v := range a.manifest.Volumes {
			count += v.Files
		}
		s.Out.State("ok", "%s: %s, %d files (%s)", file, ui.Bytes(header.Length), count, s.took())
		s.Out.Line("sha256 %x", header.Sum)
		if header.Encrypted == backup.EncryptedNot {
			s.Out.Line("it holds the stack's passwords and keys in plain text: keep it as you keep those, or use --encrypt")
		}
		s.Out.Line("restore it on another host: %s restore FILE", s.Launcher)
		return nil
	}}
}
