// Package proxytest has tests find out whether a program asks for a server through the proxy
// of its environment.
package proxytest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// variable marks the process in which Directly asks.
const variable = "TEST_ASK_DIRECTLY"

// Directly fails the test if one of the functions reaches the proxy that the environment names
// for all URLs. Each is given the URL of a server that does not exist, so that its error is
// expected. Go reads the proxies of an environment once in a process: the test runs itself
// again.
func Directly(t *testing.T, ask map[string]func(url string) error) {
	t.Helper()
	if os.Getenv(variable) != "" {
		for name, f := range ask {
			fmt.Printf("answer to %s: %v\n", name, f("http://forge.invalid:3000"))
		}
		return
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the proxy was asked for %s", r.RequestURI)
	}))
	t.Cleanup(proxy.Close)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1", "NO_PROXY=", "no_proxy=")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		cmd.Env = append(cmd.Env, name+"="+proxy.URL)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("asking in a process of its own: %v\n%s", err, out)
	}
	for name := range ask {
		if answer := "answer to " + name + ": "; !strings.Contains(string(out), answer) || strings.Contains(string(out), answer+"<nil>") {
			t.Errorf("%s: got no error of a server that does not exist:\n%s", name, out)
		}
	}
}
