//go:build linux

package jobengine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ociwrapper"
)

func TestTrust(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := trust{given: filepath.Join(dir, "given"), own: filepath.Join(dir, "own"), dir: filepath.Join(dir, "trust")}
	if err := os.Mkdir(paths.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if mount, err := paths.write(); mount != nil || err != nil {
		t.Fatalf("got %+v, %v without certificates, want nothing: containers keep their images' own", mount, err)
	}
	write(t, paths.given, "GIVEN\n")
	if _, err := paths.write(); err == nil {
		t.Error("a job engine without certificates of its own is no error: jobs would trust no public one")
	}
	write(t, paths.own, "OWN")
	mount, err := paths.write()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"certificates.pem": "OWN\nGIVEN\n", "wgetrc": "ca_certificate = /dev/trust/certificates.pem\n",
		"apt.conf": "Acquire::https::CaInfo \"/dev/trust/certificates.pem\";\n",
	} {
		if got, err := os.ReadFile(filepath.Join(paths.dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	if mount.Destination != "/dev/trust" || mount.Source != paths.dir || mount.Environment["SSL_CERT_FILE"] != "/dev/trust/certificates.pem" {
		t.Errorf("got %+v", mount)
	}
	o := outer{trust: mount}
	if env, want := o.environment([]string{"PATH=/bin", "FORGE=forge:3000", "CONTAINERS={}", "ALLOW=x"}), []string{"PATH=/bin", "SSL_CERT_FILE=" + paths.dir + "/certificates.pem"}; !slices.Equal(env, want) {
		t.Errorf("got the Docker engine's environment %q, want %q", env, want)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestContainers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"localhost":       "127.0.0.1 198.18.0.5 2222 3000",
		"forge.localhost": "127.0.0.1 198.18.0.5 2222 3000",
		"127.0.0.5":       "127.0.0.5 198.18.0.5 2222 3000",
		"git.example.org": "",
		"192.0.2.7":       "",
	} {
		c := Config{Forge: network.Forge{Address: "forge:3000", Name: name, Others: map[string]string{"2222": "forge:22"}}, Environment: map[string]string{"A": "b"}}
		got := containers(c, network.Links[1], &ociwrapper.Mount{Source: "/x"})
		if got.Environment["A"] != "b" || got.Mount.Source != "/x" {
			t.Errorf("%s: got %+v", name, got)
		}
		if (got.Hook != nil) != (want != "") || got.Hook != nil && strings.Join(got.Hook.Command[1:], " ") != "localhost "+want {
			t.Errorf("%s: got the hook %+v, want %q", name, got.Hook, want)
		}
	}
}
