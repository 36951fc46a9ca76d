package forgestart

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	systemBundle = "/etc/ssl/certs/ca-certificates.crt" // of the image
	gitBundle    = "/tmp/git-certificates.pem"
)

// gitTrust has the git commands of Gitea, which pull mirrors, trust what Gitea itself trusts: Go reads
// the files in SSL_CERT_DIR, and git one file.
func gitTrust(dir, system, bundle string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	var all []byte
	for _, file := range slices.Concat([]string{system}, files) {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && file == system {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		all = append(append(all, text...), '\n')
	}
	if err := os.WriteFile(bundle, all, 0o600); err != nil {
		return nil, fmt.Errorf("writing the certificates for git: %w", err)
	}
	return []string{"GIT_SSL_CAINFO=" + bundle}, nil
}
