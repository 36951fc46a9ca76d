package doctor

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/inherit"
)

func TestCertificates(t *testing.T) {
	t.Parallel()
	if got := certificates(filepath.Join(t.TempDir(), "none.pem")); got.State != Failed || !strings.Contains(got.Next, "runner.certificates") {
		t.Errorf("got %+v, want a failure with advice", got)
	}
	if got := certificates(inherit.CertificatesNone); got.State != Info {
		t.Errorf("got %+v, want an information", got)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	mirrors := inherit.Mirrors{
		Environment: map[string]string{"GOPROXY": "https://a", "PIP_INDEX_URL": "https://a"},
		Ignored:     map[string]string{"YARN_REGISTRY": "it is a directory", "GOSUMDB": "it is off"},
	}
	got := variables(config.RunnerConfig{Env: map[string]string{"PIP_INDEX_URL": "", "GOSUMDB": "off"}}, mirrors)
	if len(got) != 2 || !strings.HasSuffix(got[0].Detail, "jobs get GOPROXY of this machine") || !strings.Contains(got[1].Detail, "YARN_REGISTRY") || got[1].Next == "" {
		t.Errorf("got %+v, want what jobs get of this machine, and what they do not", got)
	}
	if got := variables(config.RunnerConfig{}, inherit.Mirrors{}); len(got) != 0 {
		t.Errorf("got %+v, want nothing to say", got)
	}
}

// TestModuleMirror has a mirror with an address, as no name server answers in a unit test.
func TestModuleMirror(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proxies string
		pairs   []string
		next    string
	}{
		"refused":         {"https://203.0.113.80/go,direct", nil, "runner.allow=203.0.113.80:443"},
		"a port":          {"direct|http://10.0.0.5:8080", nil, "runner.allow=10.0.0.5:8080"},
		"allowed":         {"https://203.0.113.80", []string{"runner.allow", "203.0.113.0/24:443"}, ""},
		"allowed besides": {"https://203.0.113.80", []string{"runner.allow", "203.0.113.0/24:80"}, "runner.allow=203.0.113.0/24:80,203.0.113.80:443"},
		"public":          {"https://9.9.9.9", nil, ""},
		"all":             {"https://203.0.113.80", []string{"runner.network", "all"}, ""},
		"nothing":         {"https://203.0.113.80", []string{"runner.network", "forge"}, ""},
		"by a proxy":      {"https://203.0.113.80", []string{"proxy.https", "http://10.0.0.1:3128"}, ""},
		"no proxy":        {"direct", nil, ""},
		"mirrored":        {"https://203.0.113.80", []string{"actions.modulesSize", "1g"}, ""},
	} {
		values := map[string]string{"gitops-pipeline:actions.modulesSize": "0"}
		for i := 0; i < len(test.pairs); i += 2 {
			values["gitops-pipeline:"+test.pairs[i]] = test.pairs[i+1]
		}
		cfg, err := config.Parse(values)
		if err != nil {
			t.Fatal(err)
		}
		got := moduleMirror(t.Context(), Settings{Stack: "dev", Config: cfg}, test.proxies)
		if (len(got) > 0) != (test.next != "") || len(got) > 0 && (got[0].State != Warning || !strings.HasSuffix(got[0].Next, test.next)) {
			t.Errorf("%s: got %+v, want the advice %q", name, got, test.next)
		}
	}
	if !covered([]string{"10.0.0.0/8:443"}, netip.MustParseAddr("10.1.2.3"), "443") || covered([]string{"10.0.0.0/8:443"}, netip.MustParseAddr("10.1.2.3"), "80") {
		t.Error("got another port covered, or not the same")
	}
}
