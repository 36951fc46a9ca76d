package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// TestOfficialImages has a Docker host without images, with and without a registry.
func TestOfficialImages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		registry bool
		images   config.ImageSource
		want     State
		detail   string
	}{
		"a registry":                   {true, config.ImagesAuto, Info, "can get each"},
		"no registry, auto":            {false, config.ImagesAuto, Info, "built from source"},
		"no registry, official images": {false, config.ImagesOfficial, Failed, "cannot get"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.registry && strings.Contains(r.URL.Path, "/distribution/") {
					_, _ = w.Write([]byte(`{"Descriptor":{}}`))
					return
				}
				http.Error(w, `{"message":"not found"}`, http.StatusNotFound)
			}))
			defer server.Close()
			cli, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
			if err != nil {
				t.Fatal(err)
			}
			s := Settings{Project: project.Project{Root: "../.."}, Config: config.Config{Images: tt.images}}
			got := officialImages(t.Context(), s, cli)
			if got.State != tt.want || !strings.Contains(got.Detail, tt.detail) || (got.State == Failed) != strings.Contains(got.Next, "images source") {
				t.Errorf("got %+v, want %s with %q", got, tt.want, tt.detail)
			}
		})
	}
}
