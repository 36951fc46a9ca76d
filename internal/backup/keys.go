package backup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

// Lock is what an archive is encrypted to; nothing means that it is not.
type Lock struct {
	Passphrase string
	Recipients []string // age1…
}

func (l Lock) kind() string {
	switch {
	case l.Passphrase != "":
		return EncryptedPassphrase
	case len(l.Recipients) > 0:
		return EncryptedRecipients
	}
	return EncryptedNot
}

// Check tells whether the lock can be used.
func (l Lock) Check() error {
	_, err := l.recipients()
	return err
}

func (l Lock) recipients() ([]age.Recipient, error) {
	if l.Passphrase != "" && len(l.Recipients) > 0 {
		return nil, errors.New("a file is encrypted either with a passphrase or to recipients; give one of them")
	}
	if l.Passphrase != "" {
		r, err := age.NewScryptRecipient(l.Passphrase)
		if err != nil {
			return nil, fmt.Errorf("using the passphrase: %w", err)
		}
		return []age.Recipient{r}, nil
	}
	var found []age.Recipient
	for _, text := range l.Recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("reading the recipient %q: %w", text, err)
		}
		found = append(found, r)
	}
	return found, nil
}

// Key is what opens an encrypted archive.
type Key struct {
	Passphrase   string
	IdentityFile string // as age-keygen writes it
}

// ErrKey says that the key does not open the archive.
var ErrKey = errors.New("the key does not open it")

func (k Key) open(r io.Reader) (io.Reader, error) {
	var identities []age.Identity
	switch {
	case k.Passphrase != "":
		identity, err := age.NewScryptIdentity(k.Passphrase)
		if err != nil {
			return nil, fmt.Errorf("using the passphrase: %w", err)
		}
		identities = append(identities, identity)
	case k.IdentityFile != "":
		file, err := os.Open(k.IdentityFile)
		if err != nil {
			return nil, fmt.Errorf("reading the identity: %w", err)
		}
		defer file.Close()
		if identities, err = age.ParseIdentities(file); err != nil {
			return nil, fmt.Errorf("reading the identity %q: %w", k.IdentityFile, err)
		}
	}
	plain, err := age.Decrypt(r, identities...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrKey, strings.TrimPrefix(err.Error(), "age: "))
	}
	return plain, nil
}

// ReadPassphrase returns the first line of a file.
func ReadPassphrase(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	phrase, _, _ := strings.Cut(string(text), "\n")
	if phrase = strings.TrimRight(phrase, "\r"); phrase == "" {
		return "", fmt.Errorf("reading the passphrase: the first line of %q is empty", file)
	}
	return phrase, nil
}
