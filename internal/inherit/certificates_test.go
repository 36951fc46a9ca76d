package inherit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// authority is the certificate of a new authority, and its key, both in PEM form.
func authority(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: rand.Text()}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, _ := authority(t)
	two, _ := authority(t)
	three, _ := authority(t)
	der, _ := pem.Decode([]byte(three))
	write(t, filepath.Join(dir, "a", "one.crt"), "A comment\n"+one)
	write(t, filepath.Join(dir, "a", "below", "both.crt"), two+one)
	write(t, filepath.Join(dir, "b", "three.der"), string(der.Bytes))
	readme := write(t, filepath.Join(dir, "b", "README"), "Put certificates here.\n")
	file := write(t, filepath.Join(dir, "company.pem"), three)
	dirs := []string{filepath.Join(dir, "none"), filepath.Join(dir, "a"), filepath.Join(dir, "b")}

	got, err := readCertificates(CertificatesHost, dirs)
	if err != nil || got.Count != 3 || !slices.Equal(got.Ignored, []string{readme}) || strings.Contains(got.PEM, "comment") {
		t.Errorf("got %+v, %v, want three certificates, each once", got, err)
	}
	for _, want := range []string{one, two, three} {
		if strings.Count(got.PEM, want) != 1 {
			t.Errorf("got %s, want once %s", got.PEM, want)
		}
	}
	if again, err := readCertificates(CertificatesHost, dirs); err != nil || again.PEM != got.PEM {
		t.Errorf("got %s, %v at another time: each up would replace the containers", again.PEM, err)
	}
	if got, err := readCertificates(CertificatesNone, dirs); err != nil || got.PEM != "" {
		t.Errorf("none: got %+v, %v", got, err)
	}
	if got, err := readCertificates(file, dirs[:2]); err != nil || got.Count != 3 || !strings.HasSuffix(got.PEM, three) {
		t.Errorf("a file: got %+v, %v, want the machine's certificates and the file's", got, err)
	}
	if got, err := readCertificates(CertificatesHost, dirs[:1]); err != nil || got.PEM != "" {
		t.Errorf("a machine without certificates: got %+v, %v, want none", got, err)
	}
}

func TestCertificatesRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certificate, key := authority(t)
	for name, test := range map[string]struct{ file, want string }{
		"not there":    {filepath.Join(dir, "none.pem"), "no such file"},
		"a directory":  {dir, "is no file"},
		"empty":        {write(t, filepath.Join(dir, "empty"), ""), "no certificate"},
		"no PEM":       {write(t, filepath.Join(dir, "text"), "Hello\n"), "no certificate"},
		"a key alone":  {write(t, filepath.Join(dir, "key"), key), "private key"},
		"with its key": {write(t, filepath.Join(dir, "both"), certificate+key), "private key"},
		"cut short":    {write(t, filepath.Join(dir, "short"), certificate+certificate[:100]), "broken"},
		"damaged":      {write(t, filepath.Join(dir, "damaged"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))), "cannot be read"},
		"too large":    {write(t, filepath.Join(dir, "large"), strings.Repeat(certificate, 1+maxFile/len(certificate))), "at most 1024 KiB"},
	} {
		_, err := readCertificates(test.file, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(problem.Next(err), "runner.certificates") {
			t.Errorf("%s: got %v, next %q, want an error with %q", name, err, problem.Next(err), test.want)
		}
		if err != nil && strings.Contains(err.Error(), key[30:60]) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}
