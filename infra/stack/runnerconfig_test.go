package stack

import (
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// runnerFile is what the tests read of gitea-runner's configuration.
type runnerFile struct {
	Runner    struct{ Labels []string }
	Container struct {
		Network      string
		DockerHost   string   `yaml:"docker_host"`
		ValidVolumes []string `yaml:"valid_volumes"`
	}
}

// configured reads the configuration of a declared runner.
func configured(t *testing.T, pairs ...string) (file runnerFile) {
	t.Helper()
	for _, u := range named(t, declare(t, pairs...), "runner-0-container").Inputs["uploads"].ArrayValue() {
		if u.ObjectValue()["file"].StringValue() == runnerConfigFile {
			if err := yaml.Unmarshal([]byte(u.ObjectValue()["content"].StringValue()), &file); err != nil {
				t.Fatal(err)
			}
			return file
		}
	}
	t.Fatal("the runner has no configuration")
	return file
}

func TestRunnersLabels(t *testing.T) {
	t.Parallel()
	labels := configured(t, "runner.labels", `{"node": "node:22", "ubuntu-22.04": "ubuntu:22.04", "team-a": "job"}`).Runner.Labels
	for _, want := range []string{"node:docker://node:22", "ubuntu-22.04:docker://ubuntu:22.04", "team-a:docker://x/job:1", "self-hosted:docker://x/job:1"} {
		if !slices.Contains(labels, want) {
			t.Errorf("got %q, want %s among them", labels, want)
		}
	}
	if want := len(config.DefaultLabels()) + 2; len(labels) != want {
		t.Errorf("got %d labels, want %d: %q", len(labels), want, labels)
	}
}

// TestProxyOfFreshEngines holds that the proxy is there where a job has its job engine for
// itself, and that nobody else's workflows mount what they ask for.
func TestProxyOfFreshEngines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pairs   []string
		network string
		socket  string
		all     bool
	}{
		"fresh":     {nil, "job-services", proxySocket, true},
		"ephemeral": {[]string{"runner.ephemeral", "true"}, "job-services", proxySocket, true},
		"shared":    {[]string{"runner.capacity", "2"}, "host", jobEngineSocket, false},
		"host":      {[]string{"runner.engine", "host"}, "host", hostSocket, false},
	} {
		got := configured(t, test.pairs...).Container
		if got.Network != test.network || got.DockerHost != "unix://"+test.socket || slices.Contains(got.ValidVolumes, "**") != test.all {
			t.Errorf("%s: got %+v, want the network %s, the socket %s, and all volumes: %t", name, got, test.network, test.socket, test.all)
		}
		env := environment(t, test.pairs, "runner-0-container")
		if proxied := slices.Contains(env, "ENGINE_SOCKET="+proxySocket); proxied != test.all {
			t.Errorf("%s: got %q, want a proxy: %t", name, env, test.all)
		}
	}
}
