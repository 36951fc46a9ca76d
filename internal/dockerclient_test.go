package internal

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDockerClients keeps every client of the Docker host in internal/dockerhost: one that
// reads the environment alone does not know contexts and SSH, and may ask another host.
func TestDockerClients(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".pipeline", "sdk", "dockerhost"}, entry.Name()) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || filepath.Ext(path) != ".go" || entry.Name() == "dockerclient_test.go" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, constructor := range []string{"client.NewEnvClient(", "client.FromEnv", "client.WithHostFromEnv("} {
			if strings.Contains(string(content), constructor) {
				t.Errorf("%s has %s: use dockerhost.NewClient or dockerhost.Connect", path, constructor)
			}
		}
		found += strings.Count(string(content), "dockerhost.NewClient(") + strings.Count(string(content), "dockerhost.Connect(")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("got no use of dockerhost's clients, want this test to look at the right directory")
	}
}
