package pulumi

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Passphrase returns the passphrase in file, which it creates once, readable by
// the user alone.
func Passphrase(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makePassphrase(file)
	}
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return "", fmt.Errorf("closing the passphrase to others: %w", err)
	}
	phrase := strings.TrimSpace(string(text))
	if phrase == "" {
		return "", fmt.Errorf("reading the passphrase: %q is empty", file)
	}
	return phrase, nil
}

func makePassphrase(file string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("creating the passphrase's directory: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".passphrase-*") // made with mode 0600
	if err != nil {
		return "", fmt.Errorf("creating the passphrase: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	phrase := rand.Text() + rand.Text()
	_, err = f.WriteString(phrase + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("writing the passphrase: %w", err)
	}
	// Link and not rename: of two launchers that get here at once, the second uses the first's.
	if err := os.Link(f.Name(), file); errors.Is(err, fs.ErrExist) {
		return Passphrase(file)
	} else if err != nil {
		return "", fmt.Errorf("keeping the passphrase: %w", err)
	}
	return phrase, nil
}
