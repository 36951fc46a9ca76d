package images

import (
	"strings"
	"testing"
	"time"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	got := changes(&imagespec.DockerOCIImageConfig{
		ImageConfig: ocispec.ImageConfig{
			User: "postgres", Env: []string{"A=b c", `PRICE="$5"`}, WorkingDir: "/srv", StopSignal: "SIGINT",
			ExposedPorts: map[string]struct{}{"5432/tcp": {}}, Volumes: map[string]struct{}{"/var/lib/data": {}},
			Entrypoint: []string{"entry.sh"}, Cmd: []string{"serve", "all"},
		},
		DockerOCIImageConfigExt: imagespec.DockerOCIImageConfigExt{Healthcheck: &imagespec.HealthcheckConfig{
			Test: []string{"CMD-SHELL", "pg_isready || exit 1"}, Interval: 5 * time.Second, Retries: 3,
		}},
	})
	const want = `ENV A="b c"
ENV PRICE="\"\$5\""
WORKDIR /srv
USER postgres
STOPSIGNAL SIGINT
EXPOSE 5432/tcp
VOLUME ["/var/lib/data"]
ENTRYPOINT ["entry.sh"]
CMD ["serve","all"]
HEALTHCHECK --interval=5s --retries=3 CMD pg_isready || exit 1
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestStockedNames holds that the engine's image has another name with other images in it, and the
// same as before without any.
func TestStockedNames(t *testing.T) {
	t.Parallel()
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, images := range [][]stocked{nil, {{"postgres:17", "sha256:1"}}, {{"postgres:17", "sha256:2"}}, {{"postgres:16", "sha256:1"}}} {
		b := &builder{root: "../..", pins: p, stocked: images}
		n, err := b.sourceNames()
		if err != nil {
			t.Fatal(err)
		}
		if seen[n.jobEngine] {
			t.Errorf("%v: got the name %s again", images, n.jobEngine)
		}
		seen[n.jobEngine] = true
	}
	sets, err := Current(t.Context(), "../..", config.Config{Images: config.ImagesFromSource}, nil)
	if err != nil || len(sets) != 1 || !seen[sets[0].JobEngine] {
		t.Errorf("got %v, %v without images of one's own, want the usual name", sets, err)
	}
}

// TestStockedImageThatIsNowhere holds that an image that cannot be had is an error before anything is built.
func TestStockedImageThatIsNowhere(t *testing.T) {
	t.Parallel()
	host := &fakeHost{has: []string{"postgres:17"}}
	var out strings.Builder
	b := host.on(t, &out)
	if err := b.pullStocked(t.Context(), []string{"postgres:17"}); err != nil || len(b.stocked) != 1 || b.stocked[0].id == "" {
		t.Errorf("got %v, %v, want the image that the host has", b.stocked, err)
	}
	if err := b.pullStocked(t.Context(), []string{"postgres:17", "gone:1"}); err == nil {
		t.Error("got no error of an image that nobody has")
	}
}
