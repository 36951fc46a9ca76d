package runnersupervisor

import (
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/proxytest"
)

func TestForgeIsAskedDirectly(t *testing.T) {
	t.Parallel()
	proxytest.Directly(t, map[string]func(url string) error{
		"health": func(url string) error { return NewForge(url).Healthy(t.Context()) },
		"registration": func(url string) error {
			_, err := NewForge(url).Knows(t.Context(), Registration{}, "v1")
			return err
		},
	})
}
