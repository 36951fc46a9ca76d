package pulumi

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// This file deals with the secrets in a stack's own configuration file, Pulumi.<stack>.yaml.
// They are encrypted as Pulumi does it with a passphrase, and the file has its own salt.

// DecryptSettings decrypts the secrets of forge.settings in a configuration. known are the
// values of those that were just given.
func DecryptSettings(ctx context.Context, p project.Project, stack string, c *config.Config, known map[string]string) error {
	var decrypter pulumiconfig.Decrypter
	err := c.Decrypt(func(name, ciphertext string) (value string, err error) {
		if value, ok := known[name]; ok {
			return value, nil
		}
		if decrypter == nil {
			if decrypter, err = fileDecrypter(ctx, p, stack); err != nil {
				return "", err
			}
		}
		if value, err = decrypter.DecryptValue(ctx, ciphertext); err != nil {
			return "", errors.New("it was encrypted with another passphrase")
		}
		return value, nil
	})
	if err != nil {
		next := problem.Next(err)
		if next == "" {
			next = fmt.Sprintf("set each of them again: pipeline up --stack %s --secret section.KEY=FILE, with the value in FILE; or remove them from %s", stack, p.ConfigFile(stack))
		}
		return problem.New(fmt.Sprintf("decrypting the secrets in the configuration of stack %q", stack), err, next)
	}
	return nil
}

// fileDecrypter decrypts the secrets in a stack's configuration file.
func fileDecrypter(ctx context.Context, p project.Project, stack string) (pulumiconfig.Decrypter, error) {
	settings, err := config.Load(p, p.ConfigFile(stack))
	if err != nil {
		return nil, err
	}
	if settings.EncryptionSalt == "" {
		return nil, problem.New("finding the key", errors.New("no passphrase encrypts it, and only Pulumi itself can use another secrets provider"), "run: pulumi up --stack "+stack)
	}
	phrases, err := passphrases(p)
	if err != nil {
		return nil, err
	}
	for i, phrase := range phrases {
		// A trial takes hundreds of milliseconds, so the last passphrase is not tried.
		if i == len(phrases)-1 || opens(ctx, phrase, settings.EncryptionSalt) {
			return crypter(phrase, settings.EncryptionSalt)
		}
	}
	return nil, fmt.Errorf("its passphrase, %s, is missing", p.PassphraseFile())
}

// passphrases are those that may have encrypted something of this checkout: the user's own,
// or the launcher's, the next one first while it is being replaced. It makes none.
func passphrases(p project.Project) ([]string, error) {
	if passphraseInEnvironment() {
		phrase, err := currentPassphrase(p)
		return []string{phrase}, err
	}
	var found []string
	for _, file := range []string{nextPassphrase(p), p.PassphraseFile()} {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		found = append(found, strings.TrimSpace(string(text)))
	}
	return found, nil
}

// SaveConfig writes assignments of the form key=value into the stack's configuration file,
// and settings of the forge that are secrets, encrypted.
func SaveConfig(ctx context.Context, p project.Project, stack string, assignments []string, secrets map[string]string) error {
	salt := ""
	assignments = slices.Clone(assignments)
	if len(secrets) > 0 {
		phrase, err := configPassphrase(ctx, p, stack)
		if err != nil {
			return err
		}
		settings, err := config.Load(p, p.ConfigFile(stack))
		if err != nil {
			return err
		}
		if salt = settings.EncryptionSalt; salt == "" || !opens(ctx, phrase, salt) {
			if salt != "" && passphraseInEnvironment() {
				return problem.New("encrypting secrets in "+p.ConfigFile(stack), errors.New("it has the salt of another passphrase"), "set PULUMI_CONFIG_PASSPHRASE to the passphrase of this file")
			}
			if salt, err = newSalt(ctx, phrase); err != nil {
				return err
			}
		}
		encrypter, err := crypter(phrase, salt)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(secrets)) {
			ciphertext, err := encrypter.EncryptValue(ctx, secrets[name])
			if err != nil {
				return fmt.Errorf("encrypting %s: %w", name, err)
			}
			assignment, err := config.EncryptedSetting(name, ciphertext)
			if err != nil {
				return err
			}
			assignments = append(assignments, assignment)
		}
	}
	if len(assignments) == 0 {
		return nil
	}
	return config.Save(p, stack, assignments, salt)
}

// configPassphrase is the passphrase for new secrets in a stack's configuration file.
func configPassphrase(ctx context.Context, p project.Project, stack string) (string, error) {
	if !OwnPassphrase() && !passphraseInEnvironment() {
		return "", problem.New("encrypting secrets in "+p.ConfigFile(stack), errors.New("the state's backend is yours and not the launcher's"),
			"run: pulumi config set --secret --path '[\"forge.settings\"][\"section.KEY\"]', and then: pulumi up")
	}
	phrase, err := stackPassphrase(ctx, p, stack)
	if err != nil || phrase != "" {
		return phrase, err
	}
	return currentPassphrase(p)
}

// fitSecrets encrypts the secrets in a stack's configuration file with a passphrase, if
// another one of this checkout has encrypted them.
func fitSecrets(ctx context.Context, p project.Project, stack, phrase string) error {
	file := p.ConfigFile(stack)
	settings, err := config.Load(p, file)
	if err != nil {
		return err
	}
	if settings.EncryptionSalt == "" || opens(ctx, phrase, settings.EncryptionSalt) {
		return nil
	}
	phrases, err := passphrases(p)
	if err != nil {
		return err
	}
	for _, old := range phrases {
		if opens(ctx, old, settings.EncryptionSalt) {
			if err := reencrypt(ctx, settings, old, phrase); err != nil {
				return fmt.Errorf("encrypting the secrets in %q again: %w", file, err)
			}
			return config.Write(settings, file)
		}
	}
	return nil // somebody else's
}

// reencrypt gives the secrets of a configuration another passphrase.
func reencrypt(ctx context.Context, settings *workspace.ProjectStack, old, phrase string) error {
	from, err := crypter(old, settings.EncryptionSalt)
	if err != nil {
		return err
	}
	salt, err := newSalt(ctx, phrase)
	if err != nil {
		return err
	}
	to, err := crypter(phrase, salt)
	if err != nil {
		return err
	}
	for key, value := range settings.Config {
		if !value.Secure() {
			continue
		}
		if settings.Config[key], err = value.Copy(from, to); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	settings.EncryptionSalt = salt
	return nil
}

// crypter encrypts and decrypts as Pulumi does with a passphrase and a salt.
func crypter(phrase, salt string) (pulumiconfig.Crypter, error) {
	data, _, err := splitSalt(salt)
	if err != nil {
		return nil, err
	}
	return pulumiconfig.NewSymmetricCrypterFromPassphrase(phrase, data), nil
}

// saltCheck is the word that Pulumi stores, encrypted, together with a salt.
const saltCheck = "pulumi"

// newSalt makes a salt as Pulumi writes it into a configuration file.
func newSalt(ctx context.Context, phrase string) (string, error) {
	data := make([]byte, 8)
	_, _ = rand.Read(data) // it never fails
	check, err := pulumiconfig.NewSymmetricCrypterFromPassphrase(phrase, data).EncryptValue(ctx, saltCheck)
	return "v1:" + base64.StdEncoding.EncodeToString(data) + ":" + check, err
}

// splitSalt reads a salt as Pulumi writes it.
func splitSalt(salt string) (data []byte, check string, err error) {
	version, rest, _ := strings.Cut(salt, ":")
	encoded, check, _ := strings.Cut(rest, ":")
	if version != "v1" {
		return nil, "", fmt.Errorf("the salt has the version %q, and only v1 is known", version)
	}
	data, err = base64.StdEncoding.DecodeString(encoded)
	return data, check, err
}

// opens tells whether a passphrase belongs to a salt.
func opens(ctx context.Context, phrase, salt string) bool {
	data, check, err := splitSalt(salt)
	if err != nil {
		return false
	}
	word, err := pulumiconfig.NewSymmetricCrypterFromPassphrase(phrase, data).DecryptValue(ctx, check)
	return err == nil && word == saltCheck
}
