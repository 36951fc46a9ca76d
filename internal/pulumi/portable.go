package pulumi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Portable holds what is needed to open a stack elsewhere.
type Portable struct {
	State, Passphrase, Config, Workspace []byte
}

func workspaceConfigFile(p project.Project, stack string) string {
	return filepath.Join(p.StackDir(stack), "Pulumi."+stack+".yaml")
}

// ReadPortable reads what is needed to open the stack elsewhere.
func (s *Stack) ReadPortable(ctx context.Context, p project.Project) (Portable, error) {
	var c Portable
	exported, err := s.Export(ctx)
	if err != nil {
		return c, fmt.Errorf("exporting the state: %w", err)
	}
	var state apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &state); err != nil {
		return c, fmt.Errorf("understanding the state: %w", err)
	}
	if state.SecretsProviders != nil && state.SecretsProviders.Type != "" && state.SecretsProviders.Type != "passphrase" {
		return c, problem.New("exporting the state", fmt.Errorf("its secrets are encrypted by %q, and only a passphrase can be put into a backup", state.SecretsProviders.Type),
			"pulumi stack change-secrets-provider passphrase")
	}
	if c.State, err = json.Marshal(exported); err != nil {
		return c, fmt.Errorf("writing the state: %w", err)
	}
	salt, err := saltOf(&state)
	if err != nil {
		return c, err
	}
	phrase, err := passphraseOf(ctx, p, salt)
	if err != nil {
		return c, err
	}
	c.Passphrase = []byte(phrase)
	if c.Config, err = optional(p.ConfigFile(s.Name())); err != nil {
		return c, err
	}
	c.Workspace, err = optional(workspaceConfigFile(p, s.Name()))
	return c, err
}

// WritePortable writes the files of a Portable; ImportState does the rest. It refuses a
// checkout that has another passphrase: all stacks of a checkout share one.
func WritePortable(p project.Project, stack string, c Portable) error {
	if err := CheckPassphrase(p, c); err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		text []byte
		mode os.FileMode
	}{
		{p.PassphraseFile(), append(c.Passphrase, '\n'), 0o600},
		{p.ConfigFile(stack), c.Config, 0o644},
		{workspaceConfigFile(p, stack), c.Workspace, 0o644},
	} {
		if len(f.text) == 0 {
			continue
		}
		if err := writeFile(f.path, f.text, f.mode); err != nil {
			return fmt.Errorf("writing %q: %w", f.path, err)
		}
	}
	return nil
}

// CheckPassphrase refuses a checkout that has another passphrase.
func CheckPassphrase(p project.Project, c Portable) error {
	_, err := os.Stat(p.PassphraseFile())
	fromEnvironment := passphraseInEnvironment()
	if errors.Is(err, fs.ErrNotExist) && !fromEnvironment {
		return nil
	}
	if !fromEnvironment && rotating(p) {
		return problem.New("opening the state with this checkout's passphrase", errors.New("the passphrase is being replaced, and not every stack has the new one"),
			"end that first: pipeline rotate passphrase")
	}
	phrase, err := currentPassphrase(p)
	if err != nil {
		return err
	}
	if phrase != string(c.Passphrase) {
		return problem.New("opening the state with this checkout's passphrase", errors.New("the backup's state was encrypted with another one"),
			"restore in a new clone of the project, with PULUMI_CONFIG_PASSPHRASE unset")
	}
	return nil
}

// ImportState imports the state of a Portable into the stack.
func (s *Stack) ImportState(ctx context.Context, c Portable) error {
	var exported apitype.UntypedDeployment
	if err := json.Unmarshal(c.State, &exported); err != nil {
		return fmt.Errorf("understanding the backup's state: %w", err)
	}
	if err := s.Import(ctx, exported); err != nil {
		return fmt.Errorf("importing the state: %w", err)
	}
	return nil
}

// passphraseOf is the passphrase that opens a state with the given salt: the checkout's,
// or, while that is being replaced, the next one if the state has it already.
func passphraseOf(ctx context.Context, p project.Project, salt string) (string, error) {
	if rotating(p) && OwnPassphrase() && salt != "" {
		next, err := Passphrase(nextPassphrase(p))
		if err != nil || opens(ctx, next, salt) {
			return next, err
		}
	}
	return currentPassphrase(p)
}

func currentPassphrase(p project.Project) (string, error) {
	if phrase := os.Getenv("PULUMI_CONFIG_PASSPHRASE"); phrase != "" {
		return phrase, nil
	}
	if file := os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading the passphrase: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	return Passphrase(p.PassphraseFile())
}

func optional(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", file, err)
	}
	return text, nil
}
