package dockerhost

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestProxies(t *testing.T) {
	for name, tt := range map[string]struct {
		config string            // of the Docker CLI
		env    map[string]string // of this process
		want   map[string]string // in upper case
	}{
		"none":        {want: map[string]string{}},
		"environment": {env: map[string]string{"https_proxy": "http://proxy.example.org:3128", "NO_PROXY": "localhost"}, want: map[string]string{"HTTPS_PROXY": "http://proxy.example.org:3128", "NO_PROXY": "localhost"}},
		"Docker CLI": {
			config: `{"proxies":{"default":{"httpProxy":"http://172.17.0.1:3128"}}}`,
			want:   map[string]string{"HTTP_PROXY": "http://172.17.0.1:3128"},
		},
		"both": {
			config: `{"proxies":{"default":{"httpProxy":"http://172.17.0.1:3128"}}}`,
			env:    map[string]string{"HTTP_PROXY": "http://127.0.0.1:3128", "NO_PROXY": ".example.org"},
			want:   map[string]string{"HTTP_PROXY": "http://172.17.0.1:3128", "NO_PROXY": ".example.org"},
		},
		"of this Docker host": {
			config: `{"proxies":{"default":{"httpProxy":"http://one"},"ssh://root@example.org":{"httpProxy":"http://two"}}}`,
			want:   map[string]string{"HTTP_PROXY": "http://two"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
				t.Setenv(v, tt.env[v])
			}
			dir := t.TempDir()
			t.Setenv("DOCKER_CONFIG", dir)
			if tt.config != "" {
				if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(tt.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Proxies("ssh://root@example.org")
			if err != nil {
				t.Fatal(err)
			}
			lower := map[string]string{"HTTP_PROXY": "http_proxy", "HTTPS_PROXY": "https_proxy", "NO_PROXY": "no_proxy"}
			upper := map[string]string{}
			for name := range lower {
				if got[name] != got[lower[name]] {
					t.Errorf("got %s=%q and %s=%q", name, got[name], lower[name], got[lower[name]])
				}
				if got[name] != "" {
					upper[name] = got[name]
				}
			}
			if !maps.Equal(upper, tt.want) {
				t.Errorf("got %v, want %v", upper, tt.want)
			}
		})
	}
}

func TestLoopbackProxy(t *testing.T) {
	t.Parallel()
	for proxy, want := range map[string]bool{
		"http://127.0.0.1:3128": true, "http://localhost:3128": true, "127.0.0.5:3128": true, "http://[::1]:3128": true,
		"http://172.17.0.1:3128": false, "http://proxy.example.org": false, "": false,
	} {
		if got := LoopbackProxy(map[string]string{"HTTPS_PROXY": proxy}); got != want {
			t.Errorf("%q: got %t, want %t", proxy, got, want)
		}
	}
}
