package pulumi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// ErrUnreadable says that there is a state of the stack that cannot be opened.
var ErrUnreadable = errors.New("the stack's state cannot be opened")

// CheckState returns ErrUnreadable, with the reason and the advice, when the project's
// own state of the stack is damaged, or when its passphrase is missing or another one.
// Nothing is written: a new passphrase would hide that the old one is lost.
func CheckState(ctx context.Context, p project.Project, stack string) error {
	if !OwnBackend() {
		return nil
	}
	file := filepath.Join(stateFiles(p), stack+".json")
	next := fmt.Sprintf("if it is lost, `pipeline up --stack %s --take-over` sets the state aside and creates the stack again around its data", stack)
	salt, err := stateSalt(p, stack)
	if err != nil {
		return unreadable(stack, fmt.Errorf("%s is damaged: %w", file, err), "put the file back from a copy; "+next)
	}
	if salt == "" {
		return nil
	}
	if os.Getenv("PULUMI_CONFIG_PASSPHRASE") != "" || os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE") != "" {
		return nil // Pulumi itself checks the user's own
	}
	found, err := opensState(ctx, p, file, salt)
	switch {
	case err != nil:
		return err
	case found == fits:
		return nil
	case found == missing:
		return unreadable(stack, fmt.Errorf("its passphrase, %s, is missing", p.PassphraseFile()), "put that file back; "+next)
	}
	return unreadable(stack, fmt.Errorf("the passphrase in %s does not open it", p.PassphraseFile()), "put the file back that did; "+next)
}

// fit tells how the kept passphrase fits a state.
type fit int

const (
	missing fit = iota // there is none
	wrong
	fits
)

// opensState tells whether a kept passphrase opens a state. A trial takes hundreds of
// milliseconds, so a passphrase that is older than the state is taken as correct.
func opensState(ctx context.Context, p project.Project, state, salt string) (fit, error) {
	written, err := os.Stat(state)
	if err != nil {
		return missing, fmt.Errorf("looking at the state: %w", err)
	}
	best := missing
	for _, candidate := range []string{p.PassphraseFile(), nextPassphrase(p)} {
		info, err := os.Stat(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return missing, fmt.Errorf("looking at the passphrase: %w", err)
		}
		if candidate == p.PassphraseFile() && info.ModTime().Before(written.ModTime()) {
			return fits, nil
		}
		text, err := os.ReadFile(candidate)
		if err != nil {
			return missing, fmt.Errorf("reading the passphrase: %w", err)
		}
		if opens(ctx, strings.TrimSpace(string(text)), salt) {
			return fits, nil
		}
		best = wrong
	}
	return best, nil
}

func unreadable(stack string, why error, next string) error {
	return problem.New(fmt.Sprintf("opening the state of stack %q", stack), &unreadableError{why}, next)
}

// unreadableError is ErrUnreadable with its reason.
type unreadableError struct{ why error }

func (u *unreadableError) Error() string        { return u.why.Error() }
func (u *unreadableError) Unwrap() error        { return u.why }
func (u *unreadableError) Is(target error) bool { return target == ErrUnreadable }

// SetStateAside moves the stack's state out of the way, and returns where it is now.
// It is kept, so that it can be opened if the passphrase is found again.
func SetStateAside(p project.Project, stack string) (string, error) {
	dir := filepath.Join(p.Local(), "set-aside", stack+"-"+time.Now().UTC().Format("20060102T150405.000Z"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("creating the directory for the old state: %w", err)
	}
	for _, name := range []string{stack + ".json", stack + ".json.bak"} {
		err := os.Rename(filepath.Join(stateFiles(p), name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("setting the old state aside: %w", err)
		}
	}
	return dir, nil
}

// ForgetState removes the project's own state of a stack that is gone, without opening it.
func ForgetState(p project.Project, stack string) error {
	if !OwnBackend() {
		return nil
	}
	for _, name := range []string{stack + ".json", stack + ".json.bak"} {
		if err := os.Remove(filepath.Join(stateFiles(p), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing Pulumi's state of the stack: %w", err)
		}
	}
	return nil
}

// fitSalt writes the state's salt into the workspace's copy of the configuration. The
// state is authoritative: either file may have been lost alone. Without a state, a salt
// that does not fit the passphrase is dropped; Pulumi generates another.
func fitSalt(ctx context.Context, p project.Project, stack, phrase string) error {
	salt, err := stateSalt(p, stack)
	if err != nil {
		return err
	}
	file := workspaceConfigFile(p, stack)
	settings, err := config.Load(p, file)
	if err != nil {
		return err
	}
	kept := settings.EncryptionSalt
	if salt == "" && kept != "" && opens(ctx, phrase, kept) {
		salt = kept
	}
	if salt == kept {
		return nil
	}
	settings.EncryptionSalt = salt
	if err := settings.Save(file); err != nil {
		return fmt.Errorf("writing the workspace's configuration: %w", err)
	}
	return nil
}
