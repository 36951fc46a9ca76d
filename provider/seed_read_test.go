package provider_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
)

// TestSeedOutlivesAServerThatIsAway holds that a refresh forgets a seed only
// when the server says that the repository is gone.
func TestSeedOutlivesAServerThatIsAway(t *testing.T) {
	t.Parallel()
	answers := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	state := props("owner", "ann", "repository", "shop", "branch", "main", "source", "/", "plain", true, "update", true,
		"contentHash", "abc", "commit", "0123456789012345678901234567890123456789", "pushed", true)
	for name, tt := range map[string]struct {
		url     string
		kept    bool
		failure bool
	}{
		"no server":           {url: "http://127.0.0.1:1", kept: true},
		"a password refused":  {url: answers(http.StatusUnauthorized), kept: true},
		"no such repository":  {url: answers(http.StatusNotFound)},
		"a server in trouble": {url: answers(http.StatusInternalServerError), failure: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, err := server(t, tt.url).Read(p.ReadRequest{
				ID: "ann/shop#main", Urn: urn("RepositorySeed"), Properties: state,
				Inputs: state.Delete("commit").Delete("pushed"),
			})
			if (err != nil) != tt.failure {
				t.Fatalf("got error %v, want one: %t", err, tt.failure)
			}
			if !tt.failure && (read.ID != "") != tt.kept {
				t.Errorf("got %q, want it kept: %t", read.ID, tt.kept)
			}
		})
	}
}
