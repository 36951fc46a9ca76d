package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

type backupFlags struct {
	force, encrypt bool
	passphraseFile string
	recipients     []string
}

func (a *app) backupCommand() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Put the stack's data, state and keys into one file, while it is at work",
		Long: `backup writes one archive: everything on the forge's volumes (database, repositories,
packages, LFS, secret key), the runners' identities, Pulumi's state with the passphrase
that opens it, and Pulumi.<stack>.yaml. Writes to the forge wait for a moment; the
command says how long. Caches are left out.

Keep the file as you keep passwords: without --encrypt, whoever reads it has them all.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.backup(cmd.Context(), args[0], f) },
	}
	cmd.Flags().BoolVar(&f.force, "force", false, "replace FILE if it is there")
	cmd.Flags().BoolVar(&f.encrypt, "encrypt", false, "encrypt with a passphrase, which is asked for (age)")
	cmd.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "encrypt with the passphrase in the first line of this file")
	cmd.Flags().StringArrayVar(&f.recipients, "recipient", nil, "encrypt to this age recipient (age1…); can be given again")
	return cmd
}

func (a *app) backup(ctx context.Context, file string, f backupFlags) error {
	start := time.Now()
	p, err := a.project()
	if err != nil {
		return err
	}
	if err := free(file, f.force); err != nil {
		return err
	}
	lock, err := a.lock(f)
	if err != nil {
		return err
	}
	cli, release, err := a.hold(ctx, p)
	if errors.Is(err, pulumi.ErrNone) {
		return problem.New(fmt.Sprintf("backing up stack %q", a.opts.stack), err, "name it: pipeline backup FILE --stack NAME")
	}
	if err != nil {
		return err
	}
	defer release()
	if err := pulumi.WholeData(p, a.opts.stack); err != nil {
		return err
	}
	if err := a.leftovers(ctx, cli); err != nil {
		return err
	}

	a.out.Section(fmt.Sprintf("Backing up stack %q", a.opts.stack))
	m, small, err := a.contents(ctx, p)
	if err != nil {
		return err
	}
	server, image, err := a.forgeContainer(ctx, p, cli)
	if err != nil {
		return err
	}
	snapshot, err := backup.Take(ctx, cli, a.opts.stack, server, image, guard)
	if err != nil {
		return problem.New("copying the stack's data", err, "repeat the command; nothing was changed")
	}
	defer snapshot.Close()
	a.out.Line("writes were paused for %.1f s", snapshot.Paused.Seconds())
	files, err := snapshot.Files(ctx)
	if err != nil {
		return err
	}
	defer files.Close()
	m.Volumes = snapshot.Volumes
	header, err := backup.Write(file, lock, m, small, files)
	if err != nil {
		return problem.New(fmt.Sprintf("writing %q", file), err, "repeat the command; nothing was changed")
	}
	var count int
	for _, v := range m.Volumes {
		count += v.Files
	}
	a.out.State("ok", "%s: %s, %d files (%s)", file, ui.Bytes(header.Length), count, ui.Duration(time.Since(start)))
	a.out.Line("sha256 %x", header.Sum)
	if header.Encrypted == backup.EncryptedNot {
		a.out.Line("it holds the stack's passwords and keys in plain text: keep it as you keep those, or use --encrypt")
	}
	a.out.Line("restore it on another host: %s restore FILE", invocation())
	return nil
}

// free refuses a file that is there.
func free(file string, force bool) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking at %q: %w", file, err)
	case info.IsDir():
		return &usageError{fmt.Errorf("%q is a folder; name a file in it", file)}
	case force:
		return nil
	}
	return problem.New(fmt.Sprintf("writing %q", file), errors.New("it is there already"), "choose another name, or replace it with --force")
}

// lock is what the archive is encrypted to.
func (a *app) lock(f backupFlags) (lock backup.Lock, err error) {
	lock.Recipients = f.recipients
	if f.passphraseFile != "" {
		lock.Passphrase, err = backup.ReadPassphrase(f.passphraseFile)
	} else if f.encrypt && len(f.recipients) == 0 {
		lock.Passphrase, err = a.newPassphrase()
	}
	if err != nil {
		return lock, err
	}
	if err := lock.Check(); err != nil {
		return lock, &usageError{err}
	}
	return lock, nil
}

// contents are the manifest and all that is not on volumes.
func (a *app) contents(ctx context.Context, p project.Project) (backup.Manifest, backup.Small, error) {
	m := backup.Manifest{Format: backup.Format, Stack: a.opts.stack, Created: time.Now().UTC().Truncate(time.Second), Pipeline: strings.TrimSpace(buildInfo().Version + " " + buildInfo().Revision)}
	cli, err := artifacts.Pulumi(ctx, p.Root, artifacts.NewProgress(a.out))
	if err != nil {
		return m, backup.Small{}, part("the Pulumi CLI", err)
	}
	s, err := a.open(ctx, p, cli, noProgram, false)
	if err != nil {
		return m, backup.Small{}, err
	}
	if s.Local {
		if err := pulumi.AwaitLocks(ctx, p, a.opts.stack, lockLimit, a.out); err != nil {
			return m, backup.Small{}, err
		}
	}
	carried, err := s.Carry(ctx, p)
	if err != nil {
		return m, backup.Small{}, err
	}
	set, err := a.settings(p, nil)
	if err != nil {
		return m, backup.Small{}, err
	}
	outputs, err := s.Outputs(ctx)
	if err != nil {
		return m, backup.Small{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	// Good to know, and no more: a forge that is down can be backed up.
	m.Gitea, _ = gitea.New(set.url, output(outputs, "adminUser"), output(outputs, "adminPassword"), set.owner, set.name).Version(ctx)
	return m, backup.Small(carried), nil
}

// forgeContainer is the running forge, or "", and an image that has a shell.
func (a *app) forgeContainer(ctx context.Context, p project.Project, cli *client.Client) (id, image string, err error) {
	list, err := dockerhost.Containers(ctx, cli, a.opts.stack, naming.Forge)
	if err != nil {
		return "", "", err
	}
	if len(list) > 0 && list[0].State == container.StateRunning {
		return list[0].ID, list[0].ImageID, nil
	}
	a.out.Line("the forge does not run: there is nothing to pause")
	set, err := a.settings(p, nil)
	if err != nil {
		return "", "", err
	}
	images, err := images.Resolve(ctx, p.Root, set.images, artifacts.NewProgress(a.out))
	return "", images.Gitea, part("the images", err)
}

// leftovers makes good what a backup that was killed left behind.
func (a *app) leftovers(ctx context.Context, cli *client.Client) error {
	found, err := backup.Leftovers(ctx, cli, a.opts.stack)
	if found && err == nil {
		a.out.Line("an earlier backup was cut off: its copy is removed, and the forge is at work")
	}
	return err
}
