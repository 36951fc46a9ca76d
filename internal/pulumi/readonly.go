package pulumi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// openReadOnly opens a stack that is only read. It needs no lock, because it writes
// nothing into the checkout: another command may be running there. Its workspace is a
// separate directory, which release removes.
func openReadOnly(ctx context.Context, p project.Project, stack string, cli artifacts.CLI) (s *Stack, release func(), err error) {
	if err := CheckState(ctx, p, stack); err != nil {
		return nil, nil, err
	}
	dir, phrase, err := readOnlyWorkspace(ctx, p, stack)
	if err != nil {
		return nil, nil, err
	}
	release = func() { _ = os.RemoveAll(dir) }
	env, local, err := environment(p, phrase)
	if err == nil {
		s, err = open(ctx, p, stack, dir, env, local, cli, NoProgram, false)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return s, release, nil
}

// readOnlyWorkspace makes a workspace outside the checkout, whose configuration has
// the state's salt, and returns the passphrase for it.
func readOnlyWorkspace(ctx context.Context, p project.Project, stack string) (dir, phrase string, err error) {
	salt, err := stateSalt(p, stack)
	if err != nil {
		return "", "", err
	}
	if phrase, err = readPassphrase(ctx, p, salt); err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp("", "gitops-pipeline-"); err != nil {
		return "", "", fmt.Errorf("making a workspace for reading: %w", err)
	}
	if err := generateIn(p, stack, dir, salt); err != nil {
		_ = os.RemoveAll(dir)
		return "", "", err
	}
	return dir, phrase, nil
}

// readPassphrase is the passphrase for a salt. Unlike the functions that open a stack
// to change it, it makes no passphrase where there is none.
func readPassphrase(ctx context.Context, p project.Project, salt string) (string, error) {
	if passphraseInEnvironment() {
		return "", nil
	}
	for _, file := range []string{nextPassphrase(p), p.PassphraseFile()} {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("reading the passphrase: %w", err)
		}
		phrase := strings.TrimSpace(string(text))
		if file == p.PassphraseFile() || opens(ctx, phrase, salt) {
			return phrase, nil
		}
	}
	return "", nil
}
