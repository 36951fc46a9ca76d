package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// values gives keys the project's namespace.
func values(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[naming.Project+":"+pairs[i]] = pairs[i+1]
	}
	return m
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		HTTPPort: 3000, SSHPort: 2222, BindAddress: "127.0.0.1", Host: "localhost", Images: ImagesAuto,
		Runner: RunnerConfig{
			Count: 1, Engine: EngineOwn, Capacity: 1, Network: NetworkInternet,
			Limits: Limits{MemoryMiB: 4096}, Processes: 4096, DiskReserve: 2 << 30, Certificates: "host",
		},
		Retention: Retention{Images: 30, Logs: 365, Artifacts: 90},
		Frontend:  true, Bundled: true, CacheSize: 5 << 30, ModulesSize: 2 << 30, Owner: "gitops", Repository: "gitops-pipeline", Seed: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEveryKey(t *testing.T) {
	t.Parallel()
	got, err := Parse(values(
		"httpPort", "4000", "sshPort", "4022", "bindAddress", "0.0.0.0", "host", "git.example.org", "images", "source",
		"runner.count", "3", "runner.engine", "host", "runner.capacity", "2", "runner.memory", "2g", "runner.cpus", "1.5",
		"runner.certificates", "/etc/ssl/company.pem", "runner.env", `{"GOPROXY": "https://proxy.example.org"}`,
		"runner.network", "forge", "runner.processes", "1000", "runner.diskReserve", "1g",
		"forge.memory", "512m", "forge.cpus", "1", "forge.frontend", "false", "actions.bundled", "false", "actions.cacheSize", "1g", "actions.modulesSize", "0", "retention.images", "0", "retention.logs", "7", "retention.artifacts", "3", "repository.owner", "ann", "repository.name", "shop", "seed", "false",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		HTTPPort: 4000, SSHPort: 4022, BindAddress: "0.0.0.0", Host: "git.example.org", Images: ImagesFromSource,
		Runner: RunnerConfig{
			Count: 3, Engine: EngineHost, Capacity: 2, Network: NetworkForge,
			Limits: Limits{MemoryMiB: 2048, CPUs: "1.5"}, Processes: 1000, DiskReserve: 1 << 30,
			Certificates: "/etc/ssl/company.pem", Env: map[string]string{"GOPROXY": "https://proxy.example.org"},
		},
		Forge: Limits{MemoryMiB: 512, CPUs: "1"}, CacheSize: 1 << 30, Retention: Retention{Images: 0, Logs: 7, Artifacts: 3},
		Owner: "ann", Repository: "shop",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.URL() != "http://git.example.org:4000" || got.LocalURL() != "http://127.0.0.1:4000" || got.Loopback() {
		t.Errorf("got addresses %s and %s, loopback %t", got.URL(), got.LocalURL(), got.Loopback())
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		key, value, want string
	}{
		"unknown key":       {"htpPort", "1", "is no key"},
		"port of the cache": {"sshPort", "31008", "cache of workflows"},
		"not a number":      {"httpPort", "three", "whole number from 1 to 65535"},
		"port too high":     {"sshPort", "70000", "whole number from 1 to 65535"},
		"port zero":         {"httpPort", "0", "whole number"},
		"same port":         {"sshPort", "3000", "a port of its own"},
		"no address":        {"bindAddress", "everywhere", "IP address"},
		"no host name":      {"host", "http://x", "host name"},
		"images":            {"images", "some", "auto, official, source"},
		"no runner":         {"runner.count", "0", "from 1 to 20"},
		"engine":            {"runner.engine", "yours", "own, host"},
		"capacity":          {"runner.capacity", "-1", "from 1 to 64"},
		"memory":            {"runner.memory", "lots", "512m"},
		"network":           {"runner.network", "lan", "internet, all, forge"},
		"processes":         {"runner.processes", "1", "from 256"},
		"disk reserve":      {"runner.diskReserve", "1k", "at least 64m"},
		"ephemeral":         {"runner.ephemeral", "maybe", "true or false"},
		"too little":        {"forge.memory", "1m", "at least 64m"},
		"cpus":              {"forge.cpus", "two", "cores"},
		"frontend":          {"forge.frontend", "no", "true or false"},
		"reserved owner":    {"repository.owner", "admin", "reserved"},
		"bad owner":         {"repository.owner", "a b", "no name"},
		"pipeline's owner":  {"repository.owner", "actions", "itself"},
		"bad repository":    {"repository.name", "a/b", "no name"},
		"seed":              {"seed", "yes", "true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(values(tt.key, tt.value))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.key) {
				t.Errorf("got %v, want an error that names %s and says %q", err, tt.key, tt.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse(values("httpPort", "x", "seed", "x", "nope", "x"))
	if err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("got %v, want three problems", err)
	}
}

func TestOtherNamespacesAreLeftAlone(t *testing.T) {
	t.Parallel()
	if _, err := Parse(map[string]string{"docker:host": "unix:///x"}); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestImageNameIsLowerCase(t *testing.T) {
	t.Parallel()
	c, err := Parse(values("repository.owner", "DevTeam"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Image(), "localhost:3000/devteam/service:latest"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if c.Owner != "DevTeam" {
		t.Errorf("got owner %s, want the name as it was given", c.Owner)
	}
}
