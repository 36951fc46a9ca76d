package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/docker/docker/client"
	"github.com/spf13/cobra"

	"github.com/gitops-pipeline/gitops-pipeline/internal/backup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

type restoreFlags struct {
	passphraseFile, identity, minDisk string
}

func (a *app) restoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring a stack back from a backup, onto a host that does not have it",
		Long: `restore checks all of the file first; one that is damaged, or of a newer format, is
refused before anything is touched. So is a stack that is there already. It puts back
volumes, state and configuration, and then does what up does. Interrupted, it goes on
when it is repeated.

The stack keeps its name, which is part of every resource's and volume's.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.restore(cmd.Context(), args[0], cmd.Flags().Changed("stack"), f)
		},
	}
	cmd.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "the backup's passphrase is the first line of this file")
	cmd.Flags().StringVar(&f.identity, "identity", "", "open the backup with the age identities in this file")
	minDiskFlag(cmd, &f.minDisk)
	return cmd
}

func (a *app) restore(ctx context.Context, file string, named bool, f restoreFlags) error {
	p, err := a.project()
	if err != nil {
		return err
	}
	a.out.Section("Checking the backup")
	archive, err := a.openArchive(file, f)
	if err != nil {
		return err
	}
	defer archive.Close()
	m := archive.Manifest
	if named && a.opts.stack != m.Stack {
		return &usageError{problem.New("restoring "+file, fmt.Errorf("it is of stack %q, and a stack keeps its name", m.Stack), "leave --stack out")}
	}
	a.opts.stack = m.Stack
	a.out.State("ok", "stack %q of %s, %s", m.Stack, m.Created.Local().Format("2006-01-02 15:04:05"), ui.Bytes(archive.Header.Length))
	if err := pulumi.FitsPassphrase(p, pulumi.Carried(archive.Small)); err != nil {
		return err
	}

	if err := dockerhost.Ensure(ctx, dockerhost.Machine{}, a.out); err != nil {
		return err
	}
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = cli.Close() }()
	note, begun, err := pulumi.ReadRestoring(p, a.opts.stack)
	if err != nil {
		return err
	}
	if !begun {
		if err := a.absent(ctx, p, cli); err != nil {
			return err
		}
	}
	sum := fmt.Sprintf("%x", archive.Header.Sum)
	if !begun || !note.Data || note.Sum != sum {
		if begun && note.Data {
			return problem.New("restoring "+file, errors.New("the data of another backup are here already"),
				fmt.Sprintf("end that restore with pipeline up --stack %s, or remove it with pipeline down --stack %s --purge", m.Stack, m.Stack))
		}
		if err := a.restoreData(ctx, p, cli, archive, sum); err != nil {
			return err
		}
	}
	return a.up(ctx, upFlags{refresh: true, minDisk: f.minDisk})
}

// openArchive verifies the file, and asks for its passphrase where that is needed.
func (a *app) openArchive(file string, f restoreFlags) (*backup.Archive, error) {
	archive, err := backup.Open(file, func(h backup.Header) (key backup.Key, err error) {
		key.IdentityFile = f.identity
		switch {
		case f.passphraseFile != "":
			key.Passphrase, err = backup.ReadPassphrase(f.passphraseFile)
		case h.Encrypted == backup.EncryptedPassphrase:
			key.Passphrase, err = a.askPassphrase("Passphrase of the backup: ")
		case f.identity == "":
			err = &usageError{errors.New("the backup is encrypted to an age recipient; name the identity with --identity FILE")}
		}
		return key, err
	})
	next := ""
	switch {
	case errors.Is(err, backup.ErrNoBackup):
		next = "name a file that pipeline backup has written"
	case errors.Is(err, backup.ErrNewer):
		next = "restore it with a newer checkout of this project"
	case errors.Is(err, backup.ErrDamaged):
		next = "copy the file again from where it was whole, or take another backup; nothing was touched"
	case errors.Is(err, backup.ErrKey):
		next = "repeat with the right passphrase or identity; nothing was touched"
	}
	if next != "" {
		err = problem.New(fmt.Sprintf("opening the backup %q", file), err, next)
	}
	return archive, err
}

// absent refuses a host that has the stack, or something of it.
func (a *app) absent(ctx context.Context, p project.Project, cli *client.Client) error {
	next := fmt.Sprintf("keep it, or remove it with all its data first: pipeline down --stack %s --purge", a.opts.stack)
	what := fmt.Sprintf("restoring stack %q", a.opts.stack)
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	things = slices.DeleteFunc(things, func(t dockerhost.Object) bool { return t.Kind == "image" }) // no data
	if len(things) > 0 {
		return problem.New(what, fmt.Errorf("it is here already: %s %s and %d more carry its label", things[0].Kind, things[0].Name, len(things)-1), next)
	}
	if !pulumi.MayExist(p, a.opts.stack) {
		return nil
	}
	_, err = a.outputs(ctx, p)
	if errors.Is(err, pulumi.ErrNone) {
		return nil
	}
	if err == nil {
		err = errors.New("its state is here already")
	}
	return problem.New(what, err, next)
}

// restoreData puts back everything that up does not make. Until it has ended, a
// note says that the stack is not to be used; a repeat starts from the beginning.
func (a *app) restoreData(ctx context.Context, p project.Project, cli *client.Client, archive *backup.Archive, sum string) error {
	carried := pulumi.Carried(archive.Small)
	release, err := pulumi.Lock(p.LockFile(a.opts.stack))
	if err != nil {
		return err
	}
	defer release()
	if err := pulumi.WriteRestoring(p, a.opts.stack, pulumi.Restoring{Sum: sum}); err != nil {
		return err
	}
	things, err := dockerhost.FindObjects(ctx, cli, a.opts.stack)
	if err != nil {
		return err
	}
	if err := dockerhost.RemoveObjects(ctx, cli, things); err != nil {
		return problem.New("removing what an interrupted restore left", err, "repeat the command")
	}
	if err := pulumi.Settle(p, a.opts.stack, carried); err != nil {
		return err
	}
	set, err := a.settings(p, nil)
	if err != nil {
		return err
	}
	a.out.Section("Getting the parts")
	t, err := a.parts(ctx, p, set.images)
	if err != nil {
		return err
	}
	a.out.Section(fmt.Sprintf("Restoring stack %q", a.opts.stack))
	if err := archive.Restore(ctx, cli, t.images.Gitea); err != nil {
		return problem.New("restoring the volumes", err, "mend what it says, then repeat the command; it starts again from the beginning")
	}
	for _, v := range archive.Manifest.Volumes {
		a.out.State("ok", "volume %-15s %d files, %s", v.Name, v.Files, ui.Bytes(v.Bytes))
	}
	s, err := a.open(ctx, p, t.pulumi, noProgram, true)
	if err != nil {
		return err
	}
	if err := s.ImportState(ctx, carried); err != nil {
		return err
	}
	a.out.State("ok", "state and configuration")
	return pulumi.WriteRestoring(p, a.opts.stack, pulumi.Restoring{Sum: sum, Data: true})
}
