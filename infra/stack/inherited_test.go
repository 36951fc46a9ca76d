package stack

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/inherit"
	"github.com/gitops-pipeline/gitops-pipeline/internal/modulemirror"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

func TestInherited(t *testing.T) {
	t.Parallel()
	machine := Inherited{Certificates: "PEM", Environment: map[string]string{"GOPROXY": "https://machine.example.org", "GOSUMDB": "off"}}
	cfg, err := config.Parse(values("runner.allow", "10.0.0.5:443,10.1.0.0/16:80", "runner.env", `{"GOPROXY": "https://own.example.org"}`, "timezone", "Europe/Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	all := declareOn(t, cfg, machine)
	want := map[string]string{"GOPROXY": "https://own.example.org", "GOSUMDB": "off", "TZ": "Europe/Berlin"}
	for name, variables := range map[string][]string{
		"runner-0-engine":    {"ALLOW=10.0.0.5/32:443,10.1.0.0/16:80"},
		"runner-0-container": {"SSL_CERT_DIR=/opt/gitops-pipeline/certificates"},
	} {
		r := named(t, all, name)
		files, env := map[string]string{}, map[string]bool{}
		for _, u := range r.Inputs["uploads"].ArrayValue() {
			if content := u.ObjectValue()["content"]; !content.ContainsSecrets() {
				files[u.ObjectValue()["file"].StringValue()] = content.StringValue()
			}
		}
		for _, e := range r.Inputs["envs"].ArrayValue() {
			env[e.StringValue()] = true
			if text, ok := strings.CutPrefix(e.StringValue(), "CONTAINERS="); ok {
				var got map[string]string
				if err := json.Unmarshal([]byte(text), &got); err != nil || !maps.Equal(got, want) {
					t.Errorf("got the variables of containers %s, %v, want %v", text, err, want)
				}
			}
		}
		if files["/opt/gitops-pipeline/certificates/stack.pem"] != "PEM" {
			t.Errorf("%s: got the files %v, want the certificates", name, files)
		}
		for _, v := range variables {
			if !env[v] {
				t.Errorf("%s: got the variables %v, want %s", name, env, v)
			}
		}
		if config, ok := files[runnerConfigFile]; ok && !strings.Contains(config, "GOPROXY: https://own.example.org") {
			t.Errorf("got the runner's configuration %s, want the variables of jobs", config)
		}
	}
}

// TestModuleMirror holds that the forge's container mirrors what jobs would ask, and that jobs ask it
// first, unless there is nothing to mirror.
func TestModuleMirror(t *testing.T) {
	t.Parallel()
	modules := inherit.Modules{List: "https://machine.example.org,direct", Proxies: "https://machine.example.org", SumDB: "sum.example.org"}
	for name, tt := range map[string]struct {
		machine Inherited
		pairs   []string
		jobs    string // their GOPROXY
		forge   []string
	}{
		"default": {Inherited{Modules: modules, Certificates: "PEM"}, nil, "http://localhost:31008/go-modules|https://machine.example.org,direct",
			[]string{"MODULES_SIZE=2147483648", "MODULES_PROXIES=https://machine.example.org", "MODULES_SUMDB=sum.example.org", "SSL_CERT_DIR=/opt/gitops-pipeline/certificates"}},
		"a proxy": {Inherited{Modules: modules}, []string{"proxy.https", "http://10.0.0.1:3128"}, "http://localhost:31008/go-modules|https://machine.example.org,direct",
			[]string{"HTTPS_PROXY=http://10.0.0.1:3128"}},
		"off":               {Inherited{Modules: modules}, []string{"actions.modulesSize", "0"}, "", []string{"MODULES_SIZE=0"}},
		"no proxies":        {Inherited{Modules: inherit.Modules{List: "direct"}}, nil, "", []string{"MODULES_SIZE=0"}},
		"no forge for jobs": {Inherited{Modules: modules}, []string{"runner.engine", "host"}, "", []string{"MODULES_SIZE=2147483648"}},
	} {
		cfg, err := config.Parse(values(tt.pairs...))
		if err != nil {
			t.Fatal(err)
		}
		if url := cfg.ModulesURL(); url != "" && !strings.HasSuffix(url+"/", modulemirror.Path) {
			t.Errorf("%s: got the mirror at %s, and the forge serves it at %s", name, url, modulemirror.Path)
		}
		all := declareOn(t, cfg, tt.machine)
		var forge []string
		for _, e := range named(t, all, "forge-container").Inputs["envs"].ArrayValue() {
			forge = append(forge, e.StringValue())
		}
		for _, want := range tt.forge {
			if !slices.Contains(forge, want) {
				t.Errorf("%s: got the forge's variables %q, want %s", name, forge, want)
			}
		}
		for _, u := range named(t, all, "runner-0-container").Inputs["uploads"].ArrayValue() {
			if u.ObjectValue()["file"].StringValue() != runnerConfigFile {
				continue
			}
			if text := u.ObjectValue()["content"].StringValue(); strings.Contains(text, "GOPROXY: ") != (tt.jobs != "") || !strings.Contains(text, tt.jobs) {
				t.Errorf("%s: got the runner's configuration %s, want the proxies %q", name, text, tt.jobs)
			}
		}
	}
}

// TestInheritsNothing holds that a machine without settings of its own changes nothing: the
// containers would be replaced for nothing.
func TestInheritsNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"runner-0-engine", "runner-0-container"} {
		text := named(t, declare(t), name).Inputs.Mappable()
		for _, e := range text["envs"].([]any) {
			for _, unwanted := range []string{"ALLOW=", "CONTAINERS=", "SSL_CERT_DIR="} {
				if strings.HasPrefix(e.(string), unwanted) {
					t.Errorf("%s: got %s, want none", name, e)
				}
			}
		}
	}
}

// TestUnreadableCertificates holds that the program ends before it declares anything.
func TestUnreadableCertificates(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	unreadable := errors.New("unreadable")
	o := Options{Root: root(t), Inherit: func(context.Context, config.Config) (Inherited, error) { return Inherited{}, unreadable }}
	if err := pulumi.RunErr(NewProgram(o), pulumi.WithMocks(naming.Project, "test", r)); !errors.Is(err, unreadable) || len(r.all) > 0 {
		t.Errorf("got %v and %d resources, want the error alone", err, len(r.all))
	}
}
