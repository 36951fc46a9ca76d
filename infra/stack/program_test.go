package stack

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// recorder stands for Pulumi's engine and every provider: it keeps what is registered.
type recorder struct {
	mu  sync.Mutex
	all []pulumi.MockResourceArgs
}

func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, args)
	out := args.Inputs.Copy()
	switch args.TypeToken {
	case "gitea:index:RandomSecret":
		out["result"] = resource.MakeSecret(resource.NewStringProperty("secret-" + args.Name))
	case "gitea:index:AccessToken":
		out["token"] = resource.MakeSecret(resource.NewStringProperty("token-" + args.Name))
	case "gitea:index:Repository":
		out["fullName"] = resource.NewStringProperty(args.Inputs["owner"].StringValue() + "/" + args.Inputs["name"].StringValue())
	}
	return args.Name + "-id", out, nil
}

func (r *recorder) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

// declare runs the program with a configuration and returns what it registered.
func declare(t *testing.T, pairs ...string) []pulumi.MockResourceArgs {
	t.Helper()
	cfg, err := config.Parse(values(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return declareConfig(t, cfg)
}

func declareConfig(t *testing.T, cfg config.Config) []pulumi.MockResourceArgs {
	t.Helper()
	return declareOn(t, cfg, Inherited{})
}

// declareOn is declareConfig on a machine from which jobs get something.
func declareOn(t *testing.T, cfg config.Config, inherited Inherited) []pulumi.MockResourceArgs {
	t.Helper()
	r := &recorder{}
	o := Options{
		Inherit: func(context.Context, config.Config) (Inherited, error) { return inherited, nil },
		Actions: func(context.Context, string, *artifacts.Progress) (string, error) { return "/bundled", nil },
		Config:  cfg, Root: root(t), Progress: io.Discard,
		Resolve: func(context.Context, string, config.Config, io.Writer) (images.Images, error) {
			return images.Images{
				Mode: config.ImagesFromSource, Gitea: "x/gitea:1", Runner: "x/runner:1", JobEngine: "x/job-engine:1",
				Job: "x/job:1",
			}, nil
		},
	}
	if err := pulumi.RunErr(NewProgram(o), pulumi.WithMocks(naming.Project, "test", r)); err != nil {
		t.Fatal(err)
	}
	return r.all
}

// root is a project of its own, as the program creates the directory of its log.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	copyService(t, dir)
	return dir
}

func named(t *testing.T, all []pulumi.MockResourceArgs, name string) pulumi.MockResourceArgs {
	t.Helper()
	for _, r := range all {
		if r.Name == name && !strings.HasPrefix(r.TypeToken, "gitops-pipeline:") {
			return r
		}
	}
	t.Fatalf("no resource %s", name)
	return pulumi.MockResourceArgs{}
}

func count(all []pulumi.MockResourceArgs, token string) int {
	n := 0
	for _, r := range all {
		if r.TypeToken == token {
			n++
		}
	}
	return n
}

func TestEveryDockerObjectIsLabelled(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, r := range declare(t) {
		switch r.TypeToken {
		case "docker:index/container:Container", "docker:index/volume:Volume", "docker:index/network:Network":
			seen++
			got := fmt.Sprint(r.Inputs["labels"].Mappable())
			for _, want := range []string{"label:" + naming.StackLabel, "value:test", "label:" + naming.RoleLabel} {
				if !strings.Contains(got, want) {
					t.Errorf("%s has the labels %s, want %s among them", r.Name, got, want)
				}
			}
		}
	}
	if seen != 10 { // three containers, six volumes, one network
		t.Errorf("got %d objects, want 10", seen)
	}
}

func TestPublishedPorts(t *testing.T) {
	t.Parallel()
	ports := 0
	for _, r := range declare(t, "httpPort", "4000", "sshPort", "4022", "bindAddress", "127.0.0.9", "host", "127.0.0.9") {
		if !r.Inputs.HasValue("ports") {
			continue
		}
		for _, p := range r.Inputs["ports"].ArrayValue() {
			ports++
			port := p.ObjectValue()
			if ip := port["ip"].StringValue(); ip != "127.0.0.9" {
				t.Errorf("%s binds %s, want 127.0.0.9", r.Name, ip)
			}
			if n := port["external"].NumberValue(); n != 4000 && n != 4022 {
				t.Errorf("%s publishes %v", r.Name, n)
			}
		}
	}
	if ports != 2 {
		t.Errorf("got %d published ports, want 2", ports)
	}
}

func TestSecretsAreSecret(t *testing.T) {
	t.Parallel()
	for _, r := range declare(t) {
		for key, v := range r.Inputs {
			if text := fmt.Sprint(v); !v.ContainsSecrets() && (strings.Contains(text, "secret-forge") || strings.Contains(text, "token-repository")) {
				t.Errorf("%s.%s holds a secret in plain: %s", r.Name, key, text)
			}
		}
		if r.Inputs.HasValue("envs") && strings.Contains(fmt.Sprint(r.Inputs["envs"]), "secret-forge") {
			t.Errorf("%s has a secret in its environment, which docker inspect shows", r.Name)
		}
	}
}

func TestJobEngineOfItsOwn(t *testing.T) {
	t.Parallel()
	all := declare(t, "runner.memory", "1g", "runner.cpus", "2")
	jobEngine := named(t, all, "runner-0-engine").Inputs
	if jobEngine.HasValue("privileged") {
		t.Error("the job engine is privileged")
	}
	if got := fmt.Sprint(jobEngine["capabilities"].ObjectValue()["drops"].Mappable()); got != "[ALL]" {
		t.Errorf("got dropped capabilities %s, want all", got)
	}
	if got := len(jobEngine["capabilities"].ObjectValue()["adds"].ArrayValue()); got != 7 {
		t.Errorf("got %d capabilities added, want 7", got)
	}
	if jobEngine["memory"].NumberValue() != 1024 || jobEngine["memorySwap"].NumberValue() != 1024 || jobEngine["cpus"].StringValue() != "2" {
		t.Errorf("got memory %v, swap %v, cpus %v", jobEngine["memory"], jobEngine["memorySwap"], jobEngine["cpus"])
	}
	runner := named(t, all, "runner-0-container").Inputs
	if runner.HasValue("networkMode") || !runner.HasValue("networksAdvanced") {
		t.Error("the runner has no network of its own")
	}
	if strings.Contains(fmt.Sprint(runner["volumes"].Mappable()), hostSocket) {
		t.Error("the runner has the host's socket")
	}
}

func TestJobsOnTheDockerHost(t *testing.T) {
	t.Parallel()
	all := declare(t, "runner.engine", "host")
	runner := named(t, all, "runner-0-container").Inputs
	if !strings.Contains(fmt.Sprint(runner["volumes"].Mappable()), hostSocket) {
		t.Errorf("got volumes %v", runner["volumes"])
	}
	if got := count(all, "docker:index/container:Container"); got != 2 {
		t.Errorf("got %d containers, want forge and runner", got)
	}
}

func TestRunnerCount(t *testing.T) {
	t.Parallel()
	const token = "gitops-pipeline:index:Runner"
	if got := count(declare(t, "runner.count", "3"), token); got != 3 {
		t.Errorf("got %d runners, want 3", got)
	}
	if got := count(declare(t, "runner.count", "3", "runner.ephemeral", "true"), token); got != 6 {
		t.Errorf("got %d ephemeral runners, want 3 and a standby of each", got)
	}
}

func TestFreshJobEngines(t *testing.T) {
	t.Parallel()
	for capacity, want := range map[string]string{"1": "ENGINE_PER_JOB=true", "2": "ENGINE_PER_JOB=false"} {
		runner := named(t, declare(t, "runner.capacity", capacity), "runner-0-container").Inputs
		if got := fmt.Sprint(runner["envs"].Mappable()); !strings.Contains(got, want) {
			t.Errorf("capacity %s: got %s, want %s", capacity, got, want)
		}
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	all := declare(t, "host", "git.example.org")
	if !strings.Contains(fmt.Sprint(named(t, all, "forge-container").Inputs["networksAdvanced"].Mappable()), "git.example.org") {
		t.Error("the forge has no alias of its host name")
	}
	if !strings.Contains(fmt.Sprint(named(t, all, "runner-0-engine").Inputs["envs"].Mappable()), "FORGE_NAME=git.example.org") {
		t.Error("the job engine does not know the forge's host name")
	}
}

func TestComponentsHoldTheirParts(t *testing.T) {
	t.Parallel()
	all := declare(t)
	for _, component := range []string{"Forge", "Actions", "Runner", "Repository", "Service"} {
		if got := count(all, "gitops-pipeline:index:"+component); got != 1 {
			t.Errorf("got %d components %s, want 1", got, component)
		}
	}
	for _, r := range all {
		if strings.HasPrefix(r.TypeToken, "gitops-pipeline:") || strings.HasPrefix(r.TypeToken, "pulumi:") {
			continue
		}
		if r.RegisterRPC == nil || r.RegisterRPC.GetParent() == "" || !strings.Contains(r.RegisterRPC.GetParent(), "gitops-pipeline:index:") {
			t.Errorf("%s (%s) is in no component", r.Name, r.TypeToken)
		}
	}
}

// values gives keys the project's namespace.
func values(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[naming.Project+":"+pairs[i]] = pairs[i+1]
	}
	return m
}
