//go:build integration

package actionscache

import (
	"bytes"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

const project = "../.."

// action runs cache/save or cache/restore, with GitHub's toolkit, in a workspace. It must succeed, as a
// job goes on without a cache.
func (s *service) action(name, token, workspace, key string) string {
	s.t.Helper()
	actions, err := artifacts.Actions(s.t.Context(), project, artifacts.NewProgress(s.t.Output()))
	if err != nil {
		s.t.Fatal(err)
	}
	temp := s.t.TempDir()
	output := filepath.Join(temp, "output")
	if err := os.WriteFile(output, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.CommandContext(s.t.Context(), "node", filepath.Join(actions, "cache", name, "index.js"))
	cmd.Dir = workspace
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + temp, "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + output, "GITHUB_WORKSPACE=" + workspace,
		"GITHUB_SERVER_URL=http://localhost:3000", "GITHUB_REF=" + main, "ACTIONS_CACHE_URL=" + s.jobs.URL + "/", "ACTIONS_RUNTIME_TOKEN=" + token,
		"INPUT_PATH=data", "INPUT_KEY=" + key, "INPUT_FAIL-ON-CACHE-MISS=false", "INPUT_LOOKUP-ONLY=false",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("cache/%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// workspace is a directory with a file data of a size.
func workspace(t *testing.T, size int) (dir string, content []byte) {
	t.Helper()
	dir, content = t.TempDir(), make([]byte, size)
	_, _ = rand.Read(content)
	if err := os.WriteFile(filepath.Join(dir, "data"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, content
}

// TestToolkit has GitHub's toolkit keep and restore, in caches that are full, and of which a file was
// truncated.
func TestToolkit(t *testing.T) {
	const limit = 1 << 20
	dir := t.TempDir()
	s := startWithLimit(t, dir, limit)
	token := s.job("1", main)

	large, _ := workspace(t, 2*limit)
	if out := s.action("save", token, large, "large"); !strings.Contains(out, "::warning") || !strings.Contains(out, "actions.cacheSize") {
		t.Errorf("got %q of what does not fit, want a warning that names the key to change", out)
	}
	from, content := workspace(t, limit/4)
	if out := s.action("save", token, from, "k"); !strings.Contains(out, "kept under the key k") {
		t.Errorf("got %q, want it kept", out)
	}
	to := t.TempDir()
	if out := s.action("restore", token, to, "k"); !strings.Contains(out, "restored what is kept") {
		t.Errorf("got %q, want it restored", out)
	}
	if got, err := os.ReadFile(filepath.Join(to, "data")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v, want the %d that were kept", len(got), err, len(content))
	}

	// As a kill, or a full disk, leaves it.
	files, err := filepath.Glob(filepath.Join(dir, "*"+contentSuffix))
	if err != nil || len(files) != 1 {
		t.Fatalf("got the files %q, %v, want one", files, err)
	}
	if err := os.Truncate(files[0], limit/8); err != nil {
		t.Fatal(err)
	}
	s = startWithLimit(t, dir, limit)
	token = s.job("1", main)
	none := t.TempDir()
	if out := s.action("restore", token, none, "k"); !strings.Contains(out, "nothing is kept under the key k") {
		t.Errorf("got %q of an entry that was truncated, want that there is none", out)
	}
	if left, err := os.ReadDir(none); err != nil || len(left) > 0 {
		t.Errorf("got %v restored, %v, want nothing", left, err)
	}
}
