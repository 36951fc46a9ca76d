package lifecycle

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// TestForgeSignsInWithTheNewPassword: a rotation that was interrupted finds a forge
// that it cannot sign in to, and replaces the administrator's password. What comes
// then signs in with the new one.
func TestForgeSignsInWithTheNewPassword(t *testing.T) {
	var mu sync.Mutex
	var passwords []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); ok {
			mu.Lock()
			passwords = append(passwords, password)
			mu.Unlock()
		}
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://127.0.0.1:")
	cfg, err := config.Parse(map[string]string{"gitops-pipeline:httpPort": address})
	if err != nil {
		t.Fatal(err)
	}
	s := &State{Config: cfg, Outputs: auto.OutputMap{"adminUser": {Value: "admin"}, "adminPassword": {Value: "old"}}}
	_, _ = s.forge().Runners(t.Context())
	s.Outputs = auto.OutputMap{"adminUser": {Value: "admin"}, "adminPassword": {Value: "new"}}
	_, _ = s.forge().Runners(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if len(passwords) < 2 || passwords[0] != "old" || passwords[len(passwords)-1] != "new" {
		t.Errorf("got the passwords %q, want old, then new", passwords)
	}
}
