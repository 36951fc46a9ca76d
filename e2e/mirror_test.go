//go:build e2e

package e2e

import (
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mirroredGreeting is what the action of serveAction prints.
const mirroredGreeting = "greetings from a mirrored action"

// serveAction serves the repository /them/greet.git, with an action of the version v1.
func serveAction(t *testing.T) http.Handler {
	t.Helper()
	dir, root := t.TempDir(), t.TempDir()
	action := "name: greet\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: echo " + mirroredGreeting + "\n"
	if err := os.WriteFile(filepath.Join(dir, "action.yaml"), []byte(action), 0o644); err != nil {
		t.Fatal(err)
	}
	gitCheckout(t, dir)
	git(t, dir, "tag", "v1")
	git(t, root, "clone", "--quiet", "--bare", dir, "them/greet.git")
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(git(t, root, "--exec-path")), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
	}
}
