package internal

import (
	"path"
	"strings"
	"testing"
)

// TestDockerClients keeps every client of the Docker host in internal/dockerhost: one that
// reads the environment alone does not know contexts and SSH, and may ask another host.
func TestDockerClients(t *testing.T) {
	t.Parallel()
	found := 0
	eachFile(t, func(name string, content []byte) {
		if path.Ext(name) != ".go" || strings.HasPrefix(name, "internal/dockerhost/") || name == "internal/dockerclient_test.go" {
			return
		}
		for _, constructor := range []string{"client.NewEnvClient(", "client.FromEnv", "client.WithHostFromEnv("} {
			if strings.Contains(string(content), constructor) {
				t.Errorf("%s has %s: use dockerhost.NewClient or dockerhost.Connect", name, constructor)
			}
		}
		found += strings.Count(string(content), "dockerhost.NewClient(") + strings.Count(string(content), "dockerhost.Connect(")
	})
	if found == 0 {
		t.Error("got no use of dockerhost's clients, want this test to look at the right directory")
	}
}
