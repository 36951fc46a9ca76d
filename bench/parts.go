package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// partsLabel marks the images that are built for row 10, to be found again.
const partsLabel = "gitops-pipeline.bench-parts"

// parts is row 10: what `pipeline parts` costs when everything has to be built
// from source, beside the bare builds of the same.
func (b *bench) parts(ctx context.Context) ([]report.Figure, error) {
	warm, err := b.partsFrom(ctx, "", 2)
	figures := []report.Figure{warm}
	if err != nil || !b.o.cold {
		return figures, err
	}
	empty, err := os.MkdirTemp(b.tmp, "go-build-")
	if err != nil {
		return figures, err
	}
	cold, err := b.partsFrom(ctx, empty, 1)
	return append(figures, cold), err
}

// partsFrom measures n times, with Go's own build cache or with one in a folder,
// which is emptied before each build.
func (b *bench) partsFrom(ctx context.Context, cache string, n int) (report.Figure, error) {
	f := report.Figure{
		Name: "`parts` from source, Go's cache warm", Unit: report.Seconds, Goals: []report.Goal{{Of: "ratio", Most: 1.2}},
		Floor: &report.Floor{What: "the same `go build` commands and `docker build`s of the same contexts, one after the other"},
		Note:  "Debian's root file systems are there",
	}
	if cache != "" {
		f.Name, f.Note = "`parts` from source, cold", "with Debian's root file systems, of which the network decides; the modules are downloaded"
	}
	p, err := b.newPartsBuild(ctx, cache)
	if err != nil {
		return f, err
	}
	if cache == "" { // makes the cache warm, whatever was in it
		if _, err := p.pipeline(ctx); err != nil {
			return f, fmt.Errorf("building the parts once: %w", err)
		}
	}
	for i := 0; i == 0 || cache == "" && b.again(i, n, 1); i++ {
		took, err := p.pipeline(ctx)
		if ctx.Err() != nil {
			return f, ctx.Err()
		}
		if err != nil {
			f.Fail(err)
			return f, err
		}
		f.Samples = append(f.Samples, took)
		hand, err := p.byHand(ctx)
		if err != nil {
			return f, fmt.Errorf("building the parts by hand: %w", err)
		}
		f.Floor.Samples = append(f.Floor.Samples, hand)
		b.say("  parts %.1f s, by hand %.1f s", took, hand)
	}
	return f, nil
}

// partsBuild is a copy of the project whose parts nobody has.
type partsBuild struct {
	b      *bench
	s      *stack
	cache  string // of Go; "" is its own
	shims  string // programs that note how they are called
	notes  string // where they do
	images []string
	roots  []string // root file systems that were made for it alone
}

func (b *bench) newPartsBuild(ctx context.Context, cache string) (*partsBuild, error) {
	p := &partsBuild{b: b, cache: cache}
	var err error
	if p.s, err = b.copyOfProject(ctx); err != nil {
		return nil, err
	}
	b.undone(p.remove)
	config := filepath.Join(p.s.dir, "Pulumi."+p.s.name+".yaml")
	if err := os.WriteFile(config, []byte("config:\n  gitops-pipeline:images: source\n"), 0o644); err != nil {
		return nil, err
	}
	if cache != "" { // another order is another root file system
		if err := p.reversePackages(); err != nil {
			return nil, err
		}
	}
	return p, p.makeShims()
}

// pipeline times `pipeline parts` where none of them is there.
func (p *partsBuild) pipeline(ctx context.Context) (float64, error) {
	if err := p.label(); err != nil {
		return 0, err
	}
	if err := os.RemoveAll(p.notes); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(p.notes, 0o755); err != nil {
		return 0, err
	}
	plugin := filepath.Join(p.s.dir, "provider", "cmd", "pulumi-resource-gitea", "pulumi-resource-gitea")
	if err := os.Remove(plugin); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	env, err := p.environment(ctx)
	if err != nil {
		return 0, err
	}
	var out string
	took, err := timed(func() error {
		out, err = command(ctx, p.s.dir, env, p.b.launcher, "parts", "--stack", p.s.name)
		return err
	})
	p.images = p.images[:0]
	for word := range strings.FieldsSeq(out) {
		if strings.HasPrefix(word, "gitops-pipeline/") && !slices.Contains(p.images, word) {
			p.images = append(p.images, word)
		}
	}
	return took, err
}

// environment has empty caches: the project's own in any case, Go's if asked.
func (p *partsBuild) environment(ctx context.Context) ([]string, error) {
	own, err := os.MkdirTemp(p.b.tmp, "cache-")
	if err != nil {
		return nil, err
	}
	cache := p.cache
	if cache == "" {
		if cache, err = command(ctx, "", nil, "go", "env", "GOCACHE"); err != nil {
			return nil, err
		}
	} else if err := os.RemoveAll(cache); err != nil {
		return nil, err
	}
	return []string{
		"XDG_CACHE_HOME=" + own, "GOCACHE=" + strings.TrimSpace(cache), "NO_COLOR=1",
		"PATH=" + p.shims + string(os.PathListSeparator) + os.Getenv("PATH"),
	}, nil
}

// label changes each Dockerfile by a label at its end: another name, and another
// image on top of the same layers.
func (p *partsBuild) label() error {
	for _, part := range []string{"gitea", "runner", "engine", "job"} {
		path := filepath.Join(p.s.dir, "images", part, "Dockerfile")
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		head, _, _ := strings.Cut(string(text), "\nLABEL "+partsLabel)
		head = strings.TrimRight(head, "\n") + "\nLABEL " + partsLabel + "=" + p.s.name + "-" + rand.Text() + "\n"
		if err := os.WriteFile(path, []byte(head), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the images.
func (p *partsBuild) remove(ctx context.Context) error {
	list, err := p.b.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", partsLabel))})
	if err != nil {
		return fmt.Errorf("listing the images of row 10: %w", err)
	}
	var failed []error
	for _, i := range list {
		if !strings.HasPrefix(i.Labels[partsLabel], p.s.name+"-") {
			continue
		}
		names := i.RepoTags
		if len(names) == 0 {
			names = []string{i.ID}
		}
		for _, name := range names { // by name: one of them may be a layer of another
			_, err := p.b.docker.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
			failed = append(failed, gone(err))
		}
	}
	for _, root := range p.roots {
		_, err := p.b.docker.ImageRemove(ctx, root, image.RemoveOptions{})
		failed = append(failed, gone(err))
	}
	return errors.Join(append(failed, p.b.untag(ctx, p.s.name+"/*"))...)
}

// reversePackages makes the root file systems others, of the same packages.
func (p *partsBuild) reversePackages() error {
	path := filepath.Join(p.s.dir, "images", "images.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var pins map[string]json.RawMessage
	var debian map[string]any
	if err := json.Unmarshal(data, &pins); err != nil {
		return err
	}
	if err := json.Unmarshal(pins["debian"], &debian); err != nil {
		return err
	}
	for _, value := range debian {
		if packages, ok := value.([]any); ok {
			slices.Reverse(packages)
		}
	}
	if pins["debian"], err = json.Marshal(debian); err != nil {
		return err
	}
	if data, err = json.Marshal(pins); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
