package pulumi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// OwnPassphrase tells whether the project itself keeps the passphrase, and the
// state that it encrypts.
func OwnPassphrase() bool {
	return !passphraseInEnvironment() &&
		os.Getenv("PULUMI_BACKEND_URL") == "" && loginDir() == ""
}

func passphraseInEnvironment() bool {
	return os.Getenv("PULUMI_CONFIG_PASSPHRASE") != "" || os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE") != ""
}

// nextPassphrase is the file with the new passphrase until every stack has it.
func nextPassphrase(p project.Project) string { return p.PassphraseFile() + ".next" }

// rotating tells whether a rotation of the passphrase has begun and not ended.
func rotating(p project.Project) bool {
	_, err := os.Stat(nextPassphrase(p))
	return !errors.Is(err, fs.ErrNotExist)
}

// RotatePassphrase encrypts the state of each of the project's stacks with a
// new passphrase. The caller holds the lock of the stack held; RotatePassphrase takes
// those of the others. Killed at any point, it continues when it is called again,
// and until then each stack opens with the passphrase that it has.
func RotatePassphrase(ctx context.Context, p project.Project, held string, cli artifacts.CLI, limit time.Duration, progress io.Writer) error {
	next, err := Passphrase(nextPassphrase(p))
	if err != nil {
		return err
	}
	stacks, err := encryptedStacks(p)
	if err != nil {
		return fmt.Errorf("listing the stacks: %w", err)
	}
	for _, stack := range stacks {
		if err := changePassphrase(ctx, p, stack, stack == held, cli, next, limit, progress); err != nil {
			return fmt.Errorf("giving stack %q a new passphrase: %w", stack, err)
		}
	}
	if err := os.Rename(nextPassphrase(p), p.PassphraseFile()); err != nil {
		return fmt.Errorf("keeping the new passphrase: %w", err)
	}
	return nil
}

// encryptedStacks are the stacks with a state, or with secrets in their configuration.
func encryptedStacks(p project.Project) ([]string, error) {
	states, err := filepath.Glob(filepath.Join(stateFiles(p), "*.json"))
	if err != nil {
		return nil, err
	}
	configs, err := filepath.Glob(p.ConfigFile("*"))
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, state := range states {
		stacks = append(stacks, strings.TrimSuffix(filepath.Base(state), ".json"))
	}
	for _, file := range configs {
		settings, err := config.Load(p, file)
		if err != nil {
			return nil, err
		}
		if settings.EncryptionSalt != "" {
			stacks = append(stacks, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
		}
	}
	slices.Sort(stacks)
	return slices.Compact(stacks), nil
}

func changePassphrase(ctx context.Context, p project.Project, stack string, locked bool, cli artifacts.CLI, next string, limit time.Duration, progress io.Writer) error {
	if !locked {
		release, err := Lock(p.LockFile(stack))
		if err != nil {
			return problem.New("locking it", err, "the passphrase is that of all stacks here: wait until the other command has ended, then repeat")
		}
		defer release()
	}
	if err := AwaitLocks(ctx, p, stack, limit, progress); err != nil {
		return err
	}
	state, err := localState(p, stack)
	if err != nil {
		return err
	}
	salt, err := saltOf(state)
	if err != nil {
		return err
	}
	if state != nil && (salt == "" || !opens(ctx, next, salt)) {
		s, err := Open(ctx, p, stack, cli, nil, false)
		if err != nil {
			return err
		}
		if err := s.Workspace().ChangeStackSecretsProvider(ctx, stack, "passphrase",
			&auto.ChangeSecretsProviderOptions{NewPassphrase: &next}); err != nil {
			return err
		}
		if salt, err = stateSalt(p, stack); err != nil {
			return err
		}
		if !opens(ctx, next, salt) {
			return errors.New("the state still has the old one; repeat the command")
		}
	}
	if err := fitSecrets(ctx, p, stack, next); err != nil {
		return err
	}
	return forgetOldStates(p, stack)
}

// forgetOldStates removes the copies that Pulumi keeps of earlier states: the
// old passphrase opens them.
func forgetOldStates(p project.Project, stack string) error {
	pulumi := filepath.Join(p.StateDir(), ".pulumi")
	var old []string
	for _, pattern := range []string{
		filepath.Join(stateFiles(p), stack+".json.bak*"),
		filepath.Join(pulumi, "backups", naming.Project, stack, "*"),
		filepath.Join(pulumi, "history", naming.Project, stack, "*.checkpoint.json*"),
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		old = append(old, files...)
	}
	for _, file := range old {
		if err := os.RemoveAll(file); err != nil {
			return fmt.Errorf("removing an earlier state: %w", err)
		}
	}
	return nil
}

// stackPassphrase is the passphrase that the stack's state has: the project's,
// or in the middle of a rotation the next one. The workspace's copy of the
// configuration then gets the state's salt, as a rotation may have been interrupted
// between the two. It is empty when the environment has one of the user's own.
func stackPassphrase(ctx context.Context, p project.Project, stack string) (string, error) {
	if passphraseInEnvironment() {
		return "", nil
	}
	if !rotating(p) {
		return Passphrase(p.PassphraseFile())
	}
	next, err := Passphrase(nextPassphrase(p))
	if err != nil {
		return "", err
	}
	salt, err := stateSalt(p, stack)
	if err != nil {
		return "", err
	}
	file := filepath.Join(p.StackDir(stack), "Pulumi."+stack+".yaml")
	settings, err := config.Load(p, file)
	if err != nil {
		return "", err
	}
	if salt != "" {
		settings.EncryptionSalt = salt
		if err := settings.Save(file); err != nil {
			return "", fmt.Errorf("writing the workspace's configuration: %w", err)
		}
	} else if salt = settings.EncryptionSalt; salt == "" {
		return next, nil // a new stack
	}
	if opens(ctx, next, salt) {
		return next, nil
	}
	return Passphrase(p.PassphraseFile())
}
