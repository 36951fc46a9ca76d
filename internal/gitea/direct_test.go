package gitea

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/proxytest"
)

func TestForgeIsAskedDirectly(t *testing.T) {
	t.Parallel()
	proxytest.Directly(t, map[string]func(url string) error{
		"version": func(url string) error {
			_, err := New(url, "admin", "password", "gitops", "shop").Version(t.Context())
			return err
		},
	})
}
