//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTrustAndReach has a server on the local network, with a certificate of its own
// authority, as a mirror of Go's modules, a registry and a Git server: jobs, their containers,
// their builds and their job engine trust it and reach it, and the forge under its canonical
// address. A real project is built from the stack's own mirror too. The forge mirrors an action from
// there, which a job uses.
func TestTrustAndReach(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	server := newPrivateServer(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	p.run(t.Context(), append(p.upArgs(), "-c", "runner.certificates="+missing)...).must(t, 1, missing, "next:", "runner.certificates")
	p.run(t.Context(), append(p.upArgs(), "-c", "runner.allow="+server.address+":443x")...).must(t, 2, "runner.allow", "no port")
	if left := p.labelled(); left.count() > 0 {
		t.Errorf("got %+v after bad input, want nothing", left)
	}

	up := append(p.upArgs(), "-c", "runner.certificates="+server.authority, "-c", "runner.allow="+net.JoinHostPort(server.address, server.port),
		"-c", `runner.env={"MARK": "from runner.env"}`, "-c", "forge.settings.migrations.ALLOW_LOCALNETWORKS=true")
	shell := []string{"npm_config_registry=https://npm.example.org/"}
	p.runEnv(t.Context(), shell, append(up, "-c", "actions.mirror=https://127.0.0.1:1/them/greet")...).must(t, 1, "a mirror of https://127.0.0.1:1/them/greet", "or leave the mirror out")
	up = append(up, "-c", "actions.mirror="+server.url+"/them/greet.git")
	p.runEnv(t.Context(), shell, up...).must(t, 0, "is up")
	p.runEnv(t.Context(), shell, up...).must(t, 0, "nothing to change")

	repo := p.owner().newRepository("trust")
	files := moduleFiles(t)
	script, err := os.ReadFile(filepath.Join("testdata", "trust", "job.sh"))
	if err != nil {
		t.Fatal(err)
	}
	files["job.sh"] = string(script)
	files[".gitea/workflows/trust.yaml"] = fmt.Sprintf(`on: push
jobs:
  trust:
    runs-on: self-hosted
    steps:
      - uses: actions/checkout@v4
      - uses: them/greet@v1
      - run: bash job.sh
        env:
          URL: %s
          REFUSED: %s
          FORGE: http://%s
          SSH_PORT: "%d"
          MIRROR: %s/modules
`, server.url, server.other, p.address(), p.ssh, server.url)
	log, conclusion := repo.ended(repo.commit(files))
	if conclusion != "success" || !strings.Contains(log, mirroredGreeting) {
		t.Errorf("got a job that ended in %s, want success with %q:\n%s", conclusion, mirroredGreeting, log)
	}
	for _, want := range []string{"/v2/some/image/manifests/1", "/modules/github.com/docker/go-units/@v/", "/repository.git/info/refs"} {
		if asked := server.asked(); !slices.ContainsFunc(asked, func(path string) bool { return strings.HasPrefix(path, want) }) {
			t.Errorf("the server was asked for %q, want %s among them", asked, want)
		}
	}
}

// moduleFiles are a program with dependencies, which the project has too, so that they are
// in this machine's module cache.
func moduleFiles(t *testing.T) map[string]string {
	t.Helper()
	own, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	module, sum := "module example.org/program\n\ngo 1.24\n\n", ""
	for _, dependency := range []string{"github.com/docker/go-units", "github.com/cenkalti/backoff/v5"} {
		version := regexp.MustCompile(`(?m)^\t` + dependency + ` (\S+)$`).FindStringSubmatch(string(own))[1]
		module += "require " + dependency + " " + version + "\n"
		for line := range strings.Lines(string(sums)) {
			if strings.HasPrefix(line, dependency+" "+version) {
				sum += line
			}
		}
	}
	return map[string]string{"go.mod": module, "go.sum": sum, "main.go": `package main

import (
	"fmt"

	"github.com/cenkalti/backoff/v5"
	"github.com/docker/go-units"
)

func main() { fmt.Println(units.HumanSize(4096), backoff.NewConstantBackOff(1)) }
`}
}

// goEnv is a variable of this machine's go command.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("asking go for %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// privateServer is a server with a certificate that nobody trusts yet.
type privateServer struct {
	address, port string
	url           string
	other         string       // the same on another port
	action        http.Handler // serves the repository of an action
	authority     string       // file with the certificate to trust

	mu    sync.Mutex
	paths []string
}

// newPrivateServer serves on the Docker host's address in Docker's own network, a private one.
func newPrivateServer(t *testing.T) *privateServer {
	t.Helper()
	ip := bridgeAddress(t)
	s := &privateServer{address: ip.String(), authority: filepath.Join(t.TempDir(), "authority.pem")}
	s.action = serveAction(t)
	certificate := newCertificate(t, ip, s.authority)
	s.url = s.serve(t, certificate)
	s.other = s.serve(t, certificate)
	_, s.port, _ = strings.Cut(strings.TrimPrefix(s.url, "https://"), ":")
	return s
}

func (s *privateServer) serve(t *testing.T, certificate tls.Certificate) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(s.address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s.handler(filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")))
	_ = server.Listener.Close()
	server.Listener = listener
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return "https://" + listener.Addr().String()
}

// handler serves modules from a cache of Go's, a repository and a registry, both without
// content, and says on all other paths that it is there.
func (s *privateServer) handler(modules string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/modules/", http.StripPrefix("/modules", http.FileServer(http.Dir(modules))))
	mux.HandleFunc("/repository.git/info/refs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		fmt.Fprint(w, "001e# service=git-upload-pack\n0000003e0000000000000000000000000000000000000000 capabilities^{}\x00\n0000")
	})
	mux.Handle("/them/", s.action)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "here") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.paths = append(s.paths, r.URL.Path)
		s.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// asked are the paths that the server was asked for.
func (s *privateServer) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths)
}

// newCertificate makes an authority, whose certificate goes into a file, and a certificate of
// it for an address.
func newCertificate(t *testing.T, ip net.IP, authority string) tls.Certificate {
	t.Helper()
	sign := func(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parentKey == nil {
			parentKey = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	validity := func(c x509.Certificate) *x509.Certificate {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		return &c
	}
	root := validity(x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the test"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	rootDER, rootKey := sign(root, root, nil)
	leaf := validity(x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Server of the test"}, IPAddresses: []net.IP{ip},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	leafDER, leafKey := sign(leaf, root, rootKey)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}
}
