package gitea

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestForgeIsAskedDirectly has a proxy in the environment, which Go reads once in
// a process: the test runs itself again.
func TestForgeIsAskedDirectly(t *testing.T) {
	const again = "TEST_ASK_DIRECTLY"
	if os.Getenv(again) != "" {
		_, err := New("http://forge.invalid:3000", "admin", "password", "gitops", "shop").Version(t.Context())
		fmt.Println("answer:", err)
		return
	}
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the proxy was asked")
	}))
	t.Cleanup(proxy.Close)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestForgeIsAskedDirectly$")
	cmd.Env = append(os.Environ(), again+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "answer:") || strings.Contains(string(out), "answer: <nil>") {
		t.Errorf("got %v from a name that does not exist, want an error:\n%s", err, out)
	}
}
