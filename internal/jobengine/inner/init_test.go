//go:build linux

package inner

import (
	"slices"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// TestForgesName holds the entry for the forge's name, which jobs and the registry's client
// use, against where a probe of that name goes.
func TestForgesName(t *testing.T) {
	t.Parallel()
	link := network.Links[1]
	for name, want := range map[string]struct{ entry, probed string }{
		"localhost":       {"", "127.0.0.1:3000"},
		"x.localhost":     {"", "127.0.0.1:3000"},
		"127.0.0.1":       {"", "127.0.0.1:3000"},
		"127.0.0.5":       {"", "127.0.0.5:3000"},
		"192.0.2.7":       {"", "192.0.2.7:3000"}, // the firewall translates it
		"git.example.org": {"198.18.0.5 git.example.org\n", "198.18.0.5:3000"},
	} {
		forge := network.Forge{Address: "forge:3000", Name: name}
		if got := hostsEntry(link.Outside.String(), forge); got != want.entry {
			t.Errorf("%s: got the entry %q, want %q", name, got, want.entry)
		}
		if got := resolve(forge, link, name+":3000"); got != want.probed {
			t.Errorf("%s: got a probe of %s, want %s", name, got, want.probed)
		}
	}
}

func TestDockerdTrustsTheForgesRegistry(t *testing.T) {
	t.Parallel()
	args := dockerd(network.Forge{Address: "forge:8080", Name: "git.example.org"})
	i := slices.Index(args, "--insecure-registry")
	if i < 0 || args[i+1] != "git.example.org:8080" {
		t.Errorf("got %q, want the forge's canonical address as a registry of plain HTTP", args)
	}
	if !slices.Contains(args, "--rootless") {
		t.Errorf("got %q, want an engine that is not root", args)
	}
}

func TestDockerdHasNoAddressesOfALAN(t *testing.T) {
	t.Parallel()
	args := dockerd(network.Forge{Address: "forge:3000", Name: "localhost"})
	for option, want := range map[string]string{"--bip": network.Bridge, "--default-address-pool": "base=" + network.Pool + ",size=24"} {
		if i := slices.Index(args, option); i < 0 || args[i+1] != want {
			t.Errorf("got %q, want %s %s", args, option, want)
		}
	}
}

func TestProbeAsksTheForgeOnly(t *testing.T) {
	t.Parallel()
	e := &Engine{options: Options{Forge: network.Forge{Address: "forge:3000", Name: "localhost"}}}
	for _, address := range []string{"http://192.0.2.1:3000/", "http://[", "localhost:3000"} {
		if err := e.Probe(t.Context(), address); err == nil {
			t.Errorf("%s was asked", address)
		}
	}
}
