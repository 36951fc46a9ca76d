// Package inherit finds what jobs take over from the machine that `up` runs on: the
// certificates that its administrator added, and where its tools get packages from.
package inherit

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// The values of runner.certificates that are no file.
const (
	CertificatesHost = "host"
	CertificatesNone = "none"
)

// anchorDirs are where an administrator adds certificates: of Debian and Alpine, of Fedora,
// of SUSE, and of Arch.
var anchorDirs = []string{
	"/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors",
	"/etc/pki/trust/anchors", "/usr/share/pki/trust/anchors", "/etc/ca-certificates/trust-source/anchors",
}

// maxFile is the size of the largest file that is read: a bundle of all public authorities
// takes a quarter of it.
const maxFile = 1 << 20

// Certificates are certificates that jobs trust besides those of their images.
type Certificates struct {
	PEM     string   // of all, each once; empty for none
	Count   int      // how many
	Ignored []string // files in the machine's directories that have none
}

// ReadCertificates reads the certificates that runner.certificates chooses: none; those that
// were added to this machine (host); or these and those of a file.
func ReadCertificates(choice string) (Certificates, error) {
	return readCertificates(choice, anchorDirs)
}

func readCertificates(choice string, dirs []string) (Certificates, error) {
	var c Certificates
	if choice == CertificatesNone {
		return c, nil
	}
	seen := map[string]bool{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // another distribution's directory
			}
			if err != nil || entry.IsDir() {
				return err
			}
			found, err := certificates(path)
			if err != nil {
				c.Ignored = append(c.Ignored, path)
				return nil
			}
			c.add(found, seen)
			return nil
		})
		if err != nil {
			return c, problem.New("reading the certificates of this machine", err,
				"make them readable, or leave them out: runner.certificates="+CertificatesNone)
		}
	}
	if choice == CertificatesHost {
		return c, nil
	}
	found, err := certificates(choice)
	if err != nil {
		return c, problem.New("reading the certificates for jobs", err,
			"set runner.certificates to a file with certificates in PEM form, or to "+CertificatesHost)
	}
	c.add(found, seen)
	return c, nil
}

func (c *Certificates) add(found []*x509.Certificate, seen map[string]bool) {
	for _, certificate := range found {
		if seen[string(certificate.Raw)] {
			continue
		}
		seen[string(certificate.Raw)] = true
		c.Count++
		c.PEM += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
}

// certificates reads a file with certificates in PEM form, or with one in DER form.
func certificates(path string) ([]*x509.Certificate, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is no file of at most %d KiB", path, maxFile>>10)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if one, err := x509.ParseCertificate(data); err == nil {
		return []*x509.Certificate{one}, nil
	}
	var found []*x509.Certificate
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, fmt.Errorf("%s has a private key, which every job would see", path)
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s has a certificate that cannot be read: %w", path, err)
		}
		found = append(found, one)
	}
	// What looks like a certificate and was not decoded would be missing in silence.
	if len(found) == 0 || bytes.Count(data, []byte("-----BEGIN CERTIFICATE-----")) != len(found) {
		return nil, fmt.Errorf("%s has no certificate in PEM form, or a broken one", path)
	}
	return found, nil
}
