package images

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
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
			if got := decide(tt.ctx, "gitea/gitea:1", tt.reg, io.Discard); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestPins holds what is pinned to what the official tags are made of.
func TestPins(t *testing.T) {
	t.Parallel()
	gitea, runner, err := official("../..")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(gitea, "gitea/gitea:1.") || !strings.HasSuffix(gitea, "-rootless") || !strings.HasPrefix(runner, "gitea/runner:1.") {
		t.Errorf("got %s and %s", gitea, runner)
	}
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{gitea, runner, p.Official.Engine, p.Official.Go} {
		if _, tag, ok := strings.Cut(ref, ":"); !ok || tag == "latest" {
			t.Errorf("%s has no exact tag", ref)
		}
	}
	if !strings.HasPrefix(p.Go, "go1.") {
		t.Errorf("got Go %q", p.Go)
	}
}

func TestNamesCoverWhatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	of := func(change func(*pins)) names {
		t.Helper()
		p, err := readPins("../..")
		if err != nil {
			t.Fatal(err)
		}
		change(&p)
		n, err := (&builder{root: "../..", pins: p}).names()
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
	if go2.job == first.job || go2.stocked == first.stocked || go2.engine != first.engine || go2.gitea != first.gitea || go2.runner != first.runner {
		t.Error("another Go must rename the job image and the engine that carries it, and nothing else")
	}
	os2 := of(func(p *pins) { p.Debian.OS = append(p.Debian.OS, "more") })
	if os2.gitea == first.gitea || os2.job == first.job || os2.runner != first.runner {
		t.Error("another system must rename what stands on it, and nothing else")
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
	of := func() (n names, official string) {
		t.Helper()
		b := &builder{root: root, pins: p}
		n, err := b.names()
		if err != nil {
			t.Fatal(err)
		}
		if official, err = b.officialName("engine", "official.Dockerfile"); err != nil {
			t.Fatal(err)
		}
		return n, official
	}
	before, officialBefore := of()
	source := filepath.Join(root, "internal", "jobengine", "more.go")
	if err := os.WriteFile(source, []byte("package jobengine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, officialAfter := of()
	if after.engine == before.engine || after.stocked == before.stocked || officialAfter == officialBefore {
		t.Error("another job engine's program must rename its images")
	}
	if after.job != before.job || after.gitea != before.gitea {
		t.Error("another job engine's program must rename nothing else")
	}
}
