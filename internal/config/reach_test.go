package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAllow(t *testing.T) {
	t.Parallel()
	want := []string{"10.0.0.5/32:443", "10.1.0.0/16:5000"}
	for _, text := range []string{"10.0.0.5:443,10.1.0.0/16:5000", " 10.0.0.5/32:443, 10.1.0.0/16:5000 ,10.0.0.5:443", `["10.0.0.5:443", "10.1.0.0/16:5000"]`} {
		if c, err := Parse(values("runner.allow", text)); err != nil || !slices.Equal(c.Runner.Allow, want) {
			t.Errorf("%s: got %q, %v, want %q", text, c.Runner.Allow, err, want)
		}
	}
}

func TestReachRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pairs []string
		want  string
	}{
		"no port":              {[]string{"runner.allow", "10.0.0.5"}, "no port"},
		"a wrong port":         {[]string{"runner.allow", "10.0.0.5:70000"}, "no port"},
		"port 0":               {[]string{"runner.allow", "10.0.0.5:0"}, "no port"},
		"a name":               {[]string{"runner.allow", "proxy.example.org:443"}, "no IPv4 address"},
		"IPv6":                 {[]string{"runner.allow", "[::1]:443"}, "no list"},
		"host bits":            {[]string{"runner.allow", "10.0.0.5/8:443"}, "10.0.0.0/8"},
		"everything":           {[]string{"runner.allow", "0.0.0.0/0:443"}, "runner.network=all"},
		"an empty entry":       {[]string{"runner.allow", "10.0.0.5:443,,"}, "no port"},
		"no list":              {[]string{"runner.allow", "[10.0.0.5:443]"}, "no list"},
		"with nothing":         {[]string{"runner.allow", "10.0.0.5:443", "runner.network", "forge"}, "jobs would reach nothing"},
		"a relative path":      {[]string{"runner.certificates", "ca.pem"}, "absolute path"},
		"no choice":            {[]string{"runner.certificates", "all"}, "absolute path"},
		"no map":               {[]string{"runner.env", "GOPROXY=s3cret"}, "no map of variables"},
		"a list":               {[]string{"runner.env", `["s3cret"]`}, "no map of variables"},
		"no name":              {[]string{"runner.env", `{"A-B": "s3cret"}`}, "no name of a variable"},
		"a map as value":       {[]string{"runner.env", `{"A": {"secure": "s3cret"}}`}, "no text, number"},
		"two lines":            {[]string{"runner.env", `{"A": "s3cret\nB=c"}`}, "line break"},
		"a proxy":              {[]string{"runner.env", `{"https_proxy": "http://10.0.0.1:3128"}`}, "proxy.https"},
		"a time zone":          {[]string{"runner.env", `{"TZ": "UTC"}`}, "set timezone"},
		"a runner's variable":  {[]string{"runner.env", `{"GITHUB_TOKEN": "s3cret"}`}, "the runner itself"},
		"the path":             {[]string{"runner.env", `{"PATH": "/bin"}`}, "the runner itself"},
		"a secret":             {[]string{"runner.env", `{"NPM_TOKEN": "s3cret"}`}, "looks like a secret"},
		"a password in a URL":  {[]string{"runner.env", `{"GOPROXY": "https://ann:s3cret@proxy.example.org"}`}, "looks like a secret"},
		"a misspelt name of a": {[]string{"runner.environment", `{}`}, "is no key"},
	} {
		_, err := Parse(values(tt.pairs...))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the value: %v", name, err)
		}
	}
}

func TestJobVariables(t *testing.T) {
	t.Parallel()
	c, err := Parse(values("runner.env", `{"GOPROXY": "https://proxy.example.org,direct", "PIP_INDEX_URL": "", "RETRIES": 3}`))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Runner.JobVariables(map[string]string{"GOPROXY": "https://machine.example.org", "PIP_INDEX_URL": "https://machine.example.org", "GOSUMDB": "off"})
	want := map[string]string{"GOPROXY": "https://proxy.example.org,direct", "RETRIES": "3", "GOSUMDB": "off"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEncryptedVariablesRefused(t *testing.T) {
	t.Parallel()
	_, err := Parse(values("runner.env", `{"GOPROXY": "s3cret"}`), "gitops-pipeline:runner.env")
	if err == nil || !strings.Contains(err.Error(), "encrypted value") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want an error without the value", err)
	}
}
