package lifecycle

import (
	"context"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// TestStepsBuildWithConfiguredProxies reads the configuration in one step and looks for its
// proxy in the next, as builds do.
func TestStepsBuildWithConfiguredProxies(t *testing.T) {
	t.Parallel()
	var got string
	err := runAll(t.Context(), &State{}, []Step{
		{"reading", func(_ context.Context, s *State) error {
			s.Config = config.Config{Proxy: config.Proxy{HTTP: "http://192.0.2.1:3128"}}
			return nil
		}},
		{"building", func(ctx context.Context, _ *State) error {
			got = artifacts.Proxies(ctx)["http_proxy"]
			return nil
		}},
	})
	if err != nil || got != "http://192.0.2.1:3128" {
		t.Errorf("got proxy %q, %v", got, err)
	}
}
