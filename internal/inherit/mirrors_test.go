package inherit

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
)

func TestMirrors(t *testing.T) {
	for _, name := range append(slices.Clone(goVariables), variables...) {
		t.Setenv(name, "")
	}
	file := write(t, filepath.Join(t.TempDir(), "env"), "GONOSUMDB=*.example.org\n") // as `go env -w` writes it
	t.Setenv("GOENV", file)
	t.Setenv("GOPROXY", "https://modules.example.org,direct")
	t.Setenv("GOSUMDB", "sum.golang.org") // Go's default
	t.Setenv("npm_config_registry", "https://npm.example.org/")
	t.Setenv("PIP_INDEX_URL", "https://ann:s3cret@pip.example.org/simple")
	t.Setenv("PIP_EXTRA_INDEX_URL", "https://pip.example.org/simple http://127.0.0.1:3141/simple")
	t.Setenv("YARN_REGISTRY", "file:///srv/npm")
	got := ReadMirrors(t.Context())
	want := map[string]string{
		"GOPROXY": "https://modules.example.org,direct", "GONOSUMDB": "*.example.org", "npm_config_registry": "https://npm.example.org/",
	}
	if !maps.Equal(got.Environment, want) {
		t.Errorf("got %v, want %v", got.Environment, want)
	}
	ignored := []string{"PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "YARN_REGISTRY"}
	if names := slices.Sorted(maps.Keys(got.Ignored)); !slices.Equal(names, ignored) {
		t.Errorf("got %v, want why jobs do not get %q", got.Ignored, ignored)
	}
	// Without a go command there is the environment.
	t.Setenv("PATH", "")
	if got := ReadMirrors(t.Context()); got.Environment["GOPROXY"] != want["GOPROXY"] {
		t.Errorf("got %v without a go command", got.Environment)
	}
}

func TestUseless(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"off": true, "direct": false, "https://a.example.org|https://b.example.org": false, "https://a.example.org,file:///srv/modules": true,
		"http://localhost:3001": true, "http://modules.localhost": true, "https://[::1]/": true, "https://ann@a.example.org": true, "https://a.example.org\nB=c": true,
	} {
		if got := useless("GOPROXY", value); (got != "") != want {
			t.Errorf("%q: got %q, want a reason: %t", value, got, want)
		}
	}
	if got := useless("GOSUMDB", "off"); got != "" {
		t.Errorf("GOSUMDB=off: got %q, want that jobs get it", got)
	}
}
