package stack

import (
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// environment are the variables of a declared container.
func environment(t *testing.T, pairs []string, name string) []string {
	t.Helper()
	for _, r := range declare(t, pairs...) {
		if r.Name != name || r.TypeToken != "docker:index/container:Container" {
			continue
		}
		var env []string
		for _, e := range r.Inputs["envs"].ArrayValue() {
			env = append(env, e.StringValue())
		}
		return env
	}
	t.Fatalf("the program declares no container %s", name)
	return nil
}

func TestProxy(t *testing.T) {
	t.Parallel()
	pairs := []string{"proxy.http", "http://10.0.0.1:3128", "proxy.https", "http://10.0.0.1:3128", "proxy.noProxy", ".lan"}
	for _, name := range []string{"runner-0-container", "runner-0-engine"} {
		env := environment(t, pairs, name)
		for _, want := range []string{"HTTP_PROXY=http://10.0.0.1:3128", "http_proxy=http://10.0.0.1:3128", "HTTPS_PROXY=http://10.0.0.1:3128"} {
			if !slices.Contains(env, want) {
				t.Errorf("%s: got %q, want %s", name, env, want)
			}
		}
		for _, direct := range []string{"forge", "localhost", ".lan"} {
			if !slices.ContainsFunc(env, func(e string) bool {
				return strings.HasPrefix(e, "NO_PROXY=") && slices.Contains(strings.Split(strings.TrimPrefix(e, "NO_PROXY="), ","), direct)
			}) {
				t.Errorf("%s: got %q, want %s reached directly", name, env, direct)
			}
		}
		if none := environment(t, nil, name); slices.ContainsFunc(none, func(e string) bool { return strings.Contains(strings.ToUpper(e), "PROXY") }) {
			t.Errorf("%s: got %q without a proxy, want none", name, none)
		}
	}
	if env := environment(t, pairs, "runner-0-engine"); !slices.Contains(env, "PROXY=10.0.0.1:3128") {
		t.Errorf("got %q, want the address that the firewall lets through", env)
	}
}

// TestProxyOfServiceBuild reads the arguments of the service's build.
func TestProxyOfServiceBuild(t *testing.T) {
	t.Parallel()
	build := func(pairs ...string) (args map[string]any, image string) {
		inputs := named(t, declare(t, pairs...), "service-image").Inputs
		return inputs["build"].ObjectValue()["buildArgs"].Mappable().(map[string]any), inputs["name"].StringValue()
	}
	without, image := build()
	if len(without) != 1 {
		t.Errorf("got the arguments %v without a proxy, want GO_IMAGE alone", without)
	}
	with, other := build("proxy.http", "http://10.0.0.1:3128")
	for name, want := range map[string]string{"HTTP_PROXY": "http://10.0.0.1:3128", "http_proxy": "http://10.0.0.1:3128", "GO_IMAGE": "x/job:1"} {
		if with[name] != want {
			t.Errorf("got %s=%v, want %s", name, with[name], want)
		}
	}
	if image == other {
		t.Errorf("got the name %s for both, want another: the docker plugin would delete the new image with the old one", image)
	}
}

// TestProxyOfJobs reads the variables that the runner gives to jobs.
func TestProxyOfJobs(t *testing.T) {
	t.Parallel()
	for _, r := range declare(t, "proxy.http", "http://10.0.0.1:3128") {
		if r.Name != "runner-0-container" || r.TypeToken != "docker:index/container:Container" {
			continue
		}
		for _, u := range r.Inputs["uploads"].ArrayValue() {
			if u.ObjectValue()["file"].StringValue() != runnerConfigFile {
				continue
			}
			var settings struct {
				Runner struct{ Envs map[string]string }
			}
			if err := yaml.Unmarshal([]byte(u.ObjectValue()["content"].StringValue()), &settings); err != nil {
				t.Fatal(err)
			}
			if got := settings.Runner.Envs["http_proxy"]; got != "http://10.0.0.1:3128" {
				t.Errorf("got http_proxy %q in jobs, want the proxy", got)
			}
			return
		}
	}
	t.Fatal("the runner has no configuration file")
}
