package forgestart

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestGitTrust(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bundle, system := filepath.Join(dir, "bundle"), filepath.Join(dir, "system")
	if env, err := gitTrust("", system, bundle); env != nil || err != nil {
		t.Errorf("got %q, %v without more certificates, want nothing", env, err)
	}
	more := filepath.Join(dir, "more")
	if err := os.Mkdir(more, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{system: "SYSTEM", filepath.Join(more, "stack.pem"): "STACK"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env, err := gitTrust(more, system, bundle)
	if err != nil || !slices.Equal(env, []string{"GIT_SSL_CAINFO=" + bundle}) {
		t.Errorf("got %q, %v, want the bundle for git", env, err)
	}
	if text, err := os.ReadFile(bundle); string(text) != "SYSTEM\nSTACK\n" {
		t.Errorf("got the bundle %q, %v, want both", text, err)
	}
}
