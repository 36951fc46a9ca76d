package forgestart

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// Prepare does everything that must be done before Gitea starts. It is idempotent.
func (s *Starter) Prepare(ctx context.Context) error {
	if err := os.Remove(s.Config.ReadyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("preparing the forge: %w", err)
	}
	if err := s.secretKey(ctx); err != nil {
		return fmt.Errorf("generating Gitea's secret key: %w", err)
	}
	if err := s.rotate(ctx); err != nil {
		return fmt.Errorf("rotating Gitea's secrets: %w", err)
	}
	if err := s.forgetSettings(); err != nil {
		return fmt.Errorf("removing settings that are no longer configured: %w", err)
	}
	if out, err := s.Output(ctx, setupProgram); err != nil {
		return fmt.Errorf("writing Gitea's configuration: %w\n%s", err, strings.TrimSpace(out))
	}
	return nil
}

func (s *Starter) secretKeyFile() string {
	return filepath.Join(s.Config.EtcDir, "secrets", "secret-key")
}

// secretKey generates the key that encrypts secrets in the database. The key is on the
// volume, because it must outlive the stack as the data does.
func (s *Starter) secretKey(ctx context.Context) error {
	if info, err := os.Stat(s.secretKeyFile()); err == nil && info.Size() > 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.secretKeyFile()), 0o700); err != nil {
		return err
	}
	key, err := s.Output(ctx, giteaProgram, "generate", "secret", "SECRET_KEY")
	if err != nil {
		return err
	}
	return atomicfile.Write(s.secretKeyFile(), []byte(key), 0o600)
}

// rotate replaces the secrets that `pipeline rotate` has listed in a file on the volume. The
// file stays until rotate is done, so that the next start completes an interrupted one.
// Gitea regenerates the secrets that are missing from app.ini.
func (s *Starter) rotate(ctx context.Context) error {
	dir := filepath.Join(s.Config.EtcDir, "rotate")
	request, err := os.ReadFile(filepath.Join(dir, "request"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(request) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	failed := filepath.Join(dir, "failed")
	if err := remove(failed); err != nil {
		return err
	}
	for _, secret := range strings.Fields(string(request)) {
		switch secret {
		case "secret-key":
			err = s.rekey(ctx, filepath.Join(dir, "gitea-rekey"), failed)
		case "internal-token":
			err = s.forget("INTERNAL_TOKEN")
		case "jwt-secret":
			err = errors.Join(s.forget("JWT_SECRET"), remove(filepath.Join(s.Config.DataDir, "data", "jwt", "private.pem")))
		case "lfs-jwt-secret":
			err = s.forget("LFS_JWT_SECRET")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", secret, err)
		}
	}
	if info, err := os.Stat(failed); err != nil || info.Size() == 0 {
		return os.RemoveAll(dir)
	}
	return errors.Join(remove(filepath.Join(dir, "request")), remove(filepath.Join(dir, "gitea-rekey")))
}

// rekeyRefused is gitea-rekey's exit code when it has changed nothing. A higher exit code
// means that it was interrupted and must be completed before Gitea starts.
const rekeyRefused = 1

// rekey replaces the secret key by gitea-rekey. If that refuses, the reason is written into
// the file failed, which `pipeline rotate` reads, and the forge starts with the old key.
func (s *Starter) rekey(ctx context.Context, program, failed string) error {
	_, err := s.Output(ctx, program, s.Config.database(), s.secretKeyFile())
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == rekeyRefused {
		return atomicfile.Write(failed, append(exit.Stderr, '\n'), 0o600)
	}
	return err
}

// forget removes a key from app.ini.
func (s *Starter) forget(key string) error {
	text, err := os.ReadFile(s.Config.AppINI)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Gitea has never started, so there are no secrets
	}
	if err != nil {
		return err
	}
	line := regexp.MustCompile(`(?m)^` + key + ` *=.*(\n|\z)`)
	return atomicfile.Write(s.Config.AppINI, line.ReplaceAll(text, nil), 0o600)
}

// remove removes a file if it exists.
func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
