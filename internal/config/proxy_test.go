package config

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

func TestProxyRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pairs []string
		want  string
	}{
		"no URL":            {[]string{"proxy.http", "proxy.example.org:3128"}, "proxy.http is no URL"},
		"another scheme":    {[]string{"proxy.https", "ftp://proxy.example.org"}, "proxy.https is no URL"},
		"no host":           {[]string{"proxy.http", "http://:3128"}, "proxy.http is no URL"},
		"a path":            {[]string{"proxy.http", "http://proxy.example.org/pac"}, "proxy.http is no URL"},
		"a credential":      {[]string{"proxy.http", "http://ann:s3cret@proxy.example.org"}, "has a user name or password"},
		"a user alone":      {[]string{"proxy.https", "http://ann@proxy.example.org"}, "has a user name or password"},
		"loopback":          {[]string{"proxy.http", "http://127.0.0.1:3128"}, "that container"},
		"localhost":         {[]string{"proxy.http", "http://localhost:3128"}, "that container"},
		"IPv6":              {[]string{"proxy.http", "http://[2001:db8::1]:3128"}, "have no IPv6"},
		"no host name":      {[]string{"proxy.http", "http://one,two:3128"}, "no host name"},
		"a quote":           {[]string{"proxy.http", "http://proxy\"x:3128"}, "proxy.http is"},
		"port 0":            {[]string{"proxy.http", "http://10.0.0.1:0"}, "from 1 to 65535"},
		"a high port":       {[]string{"proxy.https", "http://10.0.0.1:70000"}, "from 1 to 65535"},
		"spaces":            {[]string{"proxy.http", "http://10.0.0.1:3128", "proxy.noProxy", "a.example.org, b.example.org"}, "no spaces"},
		"an empty entry":    {[]string{"proxy.http", "http://10.0.0.1:3128", "proxy.noProxy", "a.example.org,"}, "proxy.noProxy contains \"\""},
		"a bad network":     {[]string{"proxy.http", "http://10.0.0.1:3128", "proxy.noProxy", "10.0.0.0/33"}, "proxy.noProxy contains"},
		"exceptions alone":  {[]string{"proxy.noProxy", ".example.org"}, "neither proxy.http nor proxy.https"},
		"URL as exception":  {[]string{"proxy.http", "http://10.0.0.1:3128", "proxy.noProxy", "http://x"}, "proxy.noProxy contains"},
		"jobs with nothing": {[]string{"proxy.http", "http://10.0.0.1:3128", "runner.network", "forge"}, "no job would reach the proxy"},
	} {
		_, err := Parse(values(tt.pairs...))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
}

func TestProxyEnvironment(t *testing.T) {
	t.Parallel()
	c, err := Parse(values("proxy.http", "http://proxy.example.org/", "proxy.https", "https://10.0.0.1:3129", "proxy.noProxy", ".lan,localhost,10.1.0.0/16,*.corp.example,10.2.0.1,2001:db8::/32,host:8080",
		"host", "git.example.org", "bindAddress", "0.0.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Proxy.Addresses(), []string{"proxy.example.org:80", "10.0.0.1:3129"}; !slices.Equal(got, want) {
		t.Errorf("got addresses %q, want %q", got, want)
	}
	env := c.ProxyEnvironment("forge")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		if env[name] == "" || env[name] != env[strings.ToLower(name)] {
			t.Errorf("got %s %q, and %q in small letters, want one value", name, env[name], env[strings.ToLower(name)])
		}
	}
	if got := strings.Count(env["NO_PROXY"], "localhost,"); got != 2 { // localhost and .localhost
		t.Errorf("got %q, want each host once", env["NO_PROXY"])
	}
	choose := (&httpproxy.Config{HTTPProxy: env["HTTP_PROXY"], HTTPSProxy: env["HTTPS_PROXY"], NoProxy: env["NO_PROXY"]}).ProxyFunc()
	for url, want := range map[string]string{
		"http://example.org":                "proxy.example.org",
		"https://example.org":               "10.0.0.1:3129",
		"http://git.example.org:3000/a/b":   "",
		"http://forge:3000/api/v1":          "",
		"http://localhost:3000":             "",
		"http://127.0.0.5:3000":             "",
		"http://[::1]:3000":                 "",
		"http://host.lan":                   "",
		"https://10.1.2.3":                  "",
		"https://registry.git.example.com/": "10.0.0.1:3129",
	} {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := choose(request.URL)
		got := ""
		if proxy != nil {
			got = proxy.Host
		}
		if err != nil || got != want {
			t.Errorf("%s: got proxy %q, %v, want %q", url, got, err, want)
		}
	}
	if env := (Config{}).ProxyEnvironment(); len(env) != 0 {
		t.Errorf("without a proxy: got %v, want nothing", env)
	}
}
