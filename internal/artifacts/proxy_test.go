package artifacts

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRunTakesConfiguredProxies has a proxy in the environment and another in the stack's
// configuration, which builds must take; it reads what a build's command sees.
func TestRunTakesConfiguredProxies(t *testing.T) {
	t.Setenv("http_proxy", "http://192.0.2.1")
	t.Setenv("https_proxy", "http://192.0.2.2")
	ctx := WithProxies(t.Context(), map[string]string{"http_proxy": "http://198.51.100.1"})
	out := filepath.Join(t.TempDir(), "out")
	// As mmdebstrap and apt-get get those of the environment.
	if err := Run(ctx, "", []string{"http_proxy=http://192.0.2.1"}, "sh", "-c", `echo "$http_proxy $https_proxy" > `+out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if want := "http://198.51.100.1 http://192.0.2.2\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
