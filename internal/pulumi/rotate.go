package pulumi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

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
	states, err := filepath.Glob(filepath.Join(stateFiles(p), "*.json"))
	if err != nil {
		return fmt.Errorf("listing the stacks: %w", err)
	}
	for _, state := range states {
		stack := strings.TrimSuffix(filepath.Base(state), ".json")
		if err := changePassphrase(ctx, p, stack, stack == held, cli, next, limit, progress); err != nil {
			return fmt.Errorf("giving stack %q a new passphrase: %w", stack, err)
		}
	}
	if err := os.Rename(nextPassphrase(p), p.PassphraseFile()); err != nil {
		return fmt.Errorf("keeping the new passphrase: %w", err)
	}
	return nil
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
	salt, err := stateSalt(p, stack)
	if err != nil {
		return err
	}
	if salt == "" || !opens(ctx, next, salt) {
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

// opens tells whether a passphrase belongs to a salt. For this check, Pulumi stores an
// encrypted word together with the salt.
func opens(ctx context.Context, phrase, salt string) bool {
	version, rest, _ := strings.Cut(salt, ":")
	encoded, check, _ := strings.Cut(rest, ":")
	data, err := base64.StdEncoding.DecodeString(encoded)
	if version != "v1" || err != nil {
		return false
	}
	word, err := pulumiconfig.NewSymmetricCrypterFromPassphrase(phrase, data).DecryptValue(ctx, check)
	return err == nil && word == "pulumi"
}
