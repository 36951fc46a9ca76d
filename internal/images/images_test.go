package images

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// answer is a registry that answers all questions alike.
type answer struct{ err error }

func (a answer) DistributionInspect(context.Context, string, string) (registry.DistributionInspect, error) {
	return registry.DistributionInspect{}, a.err
}

// silence is a registry that does not answer before it is given up.
type silence struct{}

func (silence) DistributionInspect(ctx context.Context, _, _ string) (registry.DistributionInspect, error) {
	<-ctx.Done()
	return registry.DistributionInspect{}, ctx.Err()
}

func TestDecide(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		reg  imageRegistry
		want config.ImageSource
	}{
		"answers":         {t.Context(), answer{}, config.ImagesOfficial},
		"refuses":         {t.Context(), answer{errors.New("no route to host")}, config.ImagesFromSource},
		"does not answer": {cancelled, silence{}, config.ImagesFromSource},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := decide(tt.ctx, []string{"gitea/gitea:1", "debian:13"}, tt.reg, io.Discard); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestDecideAsksForEach has a registry that lacks one of the official images.
func TestDecideAsksForEach(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	if got := decide(t.Context(), []string{"gitea/gitea:1", "debian:13"}, lacks("debian:13"), &said); got != config.ImagesFromSource {
		t.Errorf("got %s with an image that cannot be had, want %s", got, config.ImagesFromSource)
	}
	if !strings.Contains(said.String(), "debian:13") {
		t.Errorf("got %q, which does not name the image that cannot be had", said.String())
	}
}

// lacks is a registry that has all images but one.
type lacks string

func (l lacks) DistributionInspect(_ context.Context, image, _ string) (registry.DistributionInspect, error) {
	if image == string(l) {
		return registry.DistributionInspect{}, errors.New("manifest unknown")
	}
	return registry.DistributionInspect{}, nil
}

// TestCurrent names the images of each choice, and of both where that is open.
func TestCurrent(t *testing.T) {
	t.Parallel()
	for mode, want := range map[config.ImageSource]int{config.ImagesAuto: 2, config.ImagesOfficial: 1, config.ImagesFromSource: 1} {
		sets, err := Current(t.Context(), "../..", config.Config{Images: mode}, nil)
		if err != nil || len(sets) != want {
			t.Fatalf("%s: got %+v, %v, want %d sets", mode, sets, err, want)
		}
		for _, s := range sets {
			official := strings.HasPrefix(s.Gitea, "gitops-pipeline/gitea:official-")
			if official != (s.Mode == config.ImagesOfficial) || s.JobEngine == "" || want == 1 && s.Mode != mode {
				t.Errorf("%s: got %+v", mode, s)
			}
		}
	}
}

// TestCurrentFrontend has the forge's image be another one with the styles and scripts of its
// pages, as Resolve builds it.
func TestCurrentFrontend(t *testing.T) {
	t.Parallel()
	with, err := Current(t.Context(), "../..", config.Config{Images: config.ImagesFromSource, Frontend: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Current(t.Context(), "../..", config.Config{Images: config.ImagesFromSource}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if with[0].Gitea == without[0].Gitea || with[0].Runner != without[0].Runner {
		t.Errorf("got %+v with the frontend and %+v without, want them to differ in the forge alone", with[0], without[0])
	}
}

// exactTags are the forms of tags that name one release: a whole version, or a date.
var exactTags = map[string]*regexp.Regexp{
	"gitea/gitea":  regexp.MustCompile(`^\d+\.\d+\.\d+-rootless$`),
	"gitea/runner": regexp.MustCompile(`^\d+\.\d+\.\d+$`),
	"golang":       regexp.MustCompile(`^\d+\.\d+\.\d+-[a-z]+$`),
	"node":         regexp.MustCompile(`^\d+\.\d+\.\d+-[a-z]+-slim$`),
	"debian":       regexp.MustCompile(`^[a-z]+-20\d{6}-slim$`),
}

// TestOfficialTagsAreExact holds the official images to tags that never move,
// and to the suite and the Go that the images from source have.
func TestOfficialTagsAreExact(t *testing.T) {
	t.Parallel()
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{root: "../..", pins: p}
	n, err := b.officialNames()
	if err != nil {
		t.Fatal(err)
	}
	refs := b.official(n)
	if len(refs) != len(exactTags) {
		t.Errorf("got official images %q, want %d", refs, len(exactTags))
	}
	for _, ref := range refs {
		name, tag, _ := strings.Cut(ref, ":")
		if form := exactTags[name]; form == nil || !form.MatchString(tag) {
			t.Errorf("got %s, want an exact tag of a known image", ref)
		}
		if (name == "golang" || name == "node" || name == "debian") && !strings.Contains(tag, p.Debian.Suite) {
			t.Errorf("got %s, which is not of %s", ref, p.Debian.Suite)
		}
	}
	if want := "golang:" + strings.TrimPrefix(p.Go, "go") + "-" + p.Debian.Suite; n.gos != want {
		t.Errorf("got %s, want %s", n.gos, want)
	}
}

// TestOneRecipe: an image that is built on official ones has the same
// Dockerfile, which no other stands beside.
func TestOneRecipe(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../images/*/*Dockerfile*")
	if err != nil || len(files) < 6 {
		t.Fatalf("got Dockerfiles %q, %v", files, err)
	}
	for _, f := range files {
		if filepath.Base(f) != "Dockerfile" {
			t.Errorf("%s is a second recipe of one image", f)
		}
	}
}

func TestNamesCoverWhatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*builder) (names, error){
		"source": (*builder).sourceNames, "official": (*builder).officialNames,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testNames(t, set)
		})
	}
}

func testNames(t *testing.T, set func(*builder) (names, error)) {
	of := func(change func(*pins)) names {
		t.Helper()
		p, err := readPins("../..")
		if err != nil {
			t.Fatal(err)
		}
		change(&p)
		b := &builder{root: "../..", pins: p}
		n, err := set(b)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := of(func(*pins) {})
	if of(func(*pins) {}) != first {
		t.Error("the same pins have other names")
	}
	go2 := of(func(p *pins) { p.Go = "go1.99.0" })
	if go2.job == first.job || go2.stock == first.stock || go2.jobEngine == first.jobEngine || go2.bareJobEngine != first.bareJobEngine || go2.gitea != first.gitea || go2.runner != first.runner {
		t.Error("another Go must rename the job image and the job engine that contains it, and nothing else")
	}
	forge2 := of(func(p *pins) { p.Debian.Forge = append(p.Debian.Forge, "more") })
	if forge2.gitea == first.gitea || forge2.job != first.job || forge2.runner != first.runner {
		t.Error("another package of the forge must rename its image, and nothing else")
	}
	job2 := of(func(p *pins) { p.Debian.Job = append(p.Debian.Job, "more") })
	if job2.job == first.job || job2.jobEngine == first.jobEngine || job2.bareJobEngine != first.bareJobEngine || job2.gitea != first.gitea || job2.runner != first.runner {
		t.Error("another package of the job image must rename that and the engine that carries it, and nothing else")
	}
}

// TestNamesCoverTheFrontend changes what builds Gitea's frontend, and leaves it out.
func TestNamesCoverTheFrontend(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"images", "cmd", "internal", "go.mod", "go.sum"} {
		if err := copyTree(filepath.Join("../..", dir), filepath.Join(root, dir), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	of := func(frontend bool) (source, official names) {
		t.Helper()
		b := &builder{root: root, frontend: frontend}
		var err error
		if b.pins, err = readPins(root); err == nil {
			source, err = b.sourceNames()
		}
		if err == nil {
			official, err = b.officialNames()
		}
		if err != nil {
			t.Fatal(err)
		}
		return source, official
	}
	with, official := of(true)
	without, _ := of(false)
	if err := os.WriteFile(filepath.Join(root, "images/gitea/frontend/package-lock.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	changed, sameOfficial := of(true)
	if sameOfficial != official {
		t.Error("another frontend must not rename the official images, which have their own")
	}
	for name, other := range map[string]names{"no": without, "another": changed} {
		if other.gitea == with.gitea {
			t.Errorf("%s frontend must rename Gitea's image", name)
		}
		if other.giteaProgram, other.gitea = with.giteaProgram, with.gitea; other != with {
			t.Errorf("%s frontend must rename no other image: got %+v, want %+v", name, other, with)
		}
	}
}

// TestNamesCoverPrograms changes what a program of this project is built from.
func TestNamesCoverPrograms(t *testing.T) {
	t.Parallel()
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, dir := range []string{"images", "cmd", "internal", "go.mod", "go.sum"} {
		if err := copyTree(filepath.Join("../..", dir), filepath.Join(root, dir), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	of := func() (source, official names) {
		t.Helper()
		b := &builder{root: root, pins: p}
		if source, err = b.sourceNames(); err != nil {
			t.Fatal(err)
		}
		if official, err = b.officialNames(); err != nil {
			t.Fatal(err)
		}
		return source, official
	}
	source, official := of()
	file := filepath.Join(root, "internal", "jobengine", "more.go")
	if err := os.WriteFile(file, []byte("package jobengine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	newSource, newOfficial := of()
	for _, set := range [][2]names{{source, newSource}, {official, newOfficial}} {
		before, after := set[0], set[1]
		if after.jobEngine == before.jobEngine || after.bareJobEngine == before.bareJobEngine {
			t.Errorf("another job engine's program must rename its %s images", before.mode)
		}
		if after.job != before.job || after.gitea != before.gitea || after.stock != before.stock {
			t.Errorf("another job engine's program must rename no other %s image", before.mode)
		}
	}
}
