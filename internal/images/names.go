package images

import (
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// names are the references of one complete set of images. The names of images that
// this project builds contain the hash of all their inputs.
type names struct {
	mode config.ImageSource

	// What the set is built from: two Debian systems, and an image each that
	// holds Gitea's program, the runner's program and the Go toolchain.
	os, engineRoot                   string
	giteaProgram, runnerProgram, gos string

	// What the job engine's image is built from: one without the job image, which lays
	// that out, and the result.
	bareEngine, stock string

	// The set itself.
	gitea, runner, job, engine string
}

// all are the images that have to be on the Docker host.
func (n names) all() []string { return []string{n.gitea, n.runner, n.job, n.engine} }

func (n names) images() Images {
	return Images{Mode: n.mode, Gitea: n.gitea, Runner: n.runner, Job: n.job, Engine: n.engine}
}

// sourceNames names the images that are built from source.
func (b *builder) sourceNames() (names, error) {
	h := hasher{b: b}
	d := b.pins.Debian
	n := names{
		mode:          config.ImagesFromSource,
		os:            h.name("os", []string{d.Suite, rootfsRecipe}, d.OS...),
		engineRoot:    h.name("engine-rootfs", []string{d.Suite, rootfsRecipe}, d.Engine...),
		giteaProgram:  h.name("gitea-program", []string{giteaLayout, h.binary(artifacts.Gitea)}, h.frontend()...),
		runnerProgram: h.name("runner-program", nil, h.binary(artifacts.Runner)),
		gos:           h.name("go", append([]string{b.pins.Go, runtime.GOARCH}, goLeftOut...)),
	}
	return h.complete(n)
}

// officialNames names the images that are built on official ones.
func (b *builder) officialNames() (names, error) {
	h := hasher{b: b, prefix: "official-"}
	d, o := b.pins.Debian, b.pins.Official
	n := names{
		mode:       config.ImagesOfficial,
		os:         h.image("os", "base", o.Debian, b.officialPackages()),
		engineRoot: h.image("engine-rootfs", "base", o.Debian, strings.Join(d.Engine, " ")),
	}
	if h.err == nil {
		n.giteaProgram, n.runnerProgram, h.err = officialPrograms(b.root)
	}
	n.gos = "golang:" + strings.TrimPrefix(b.pins.Go, "go") + "-" + d.Suite
	return h.complete(n)
}

// officialPackages are the packages of the system that Gitea and jobs have on
// the official Debian image.
func (b *builder) officialPackages() string {
	return strings.Join(append(append([]string{}, b.pins.Debian.OS...), b.pins.Official.Packages...), " ")
}

// official are the official images of a set.
func (b *builder) official(n names) []string {
	return []string{n.giteaProgram, n.runnerProgram, n.gos, b.pins.Official.Debian}
}

// officialPrograms are the exact tags of the official images of the pinned
// Gitea and runner.
func officialPrograms(root string) (gitea, runner string, err error) {
	g, err := artifacts.Gitea.Version(root)
	if err != nil {
		return "", "", err
	}
	r, err := artifacts.Runner.Version(root)
	if err != nil {
		return "", "", err
	}
	return "gitea/gitea:" + strings.TrimPrefix(g, "v") + "-rootless",
		"gitea/runner:" + strings.TrimPrefix(r, "v"), nil
}

// hasher names images; after its first error it does nothing.
type hasher struct {
	b      *builder
	prefix string // of a tag
	err    error
}

// complete adds the names of what is built from what n has.
func (h *hasher) complete(n names) (names, error) {
	n.gitea = h.image("gitea", "gitea", n.os, n.giteaProgram)
	n.runner = h.image("runner", "runner", n.engineRoot, n.runnerProgram)
	n.job = h.image("job", "job", n.os, n.engineRoot, n.gos)
	n.bareEngine = h.image("job-engine-bare", "jobengine", n.engineRoot)
	n.stock = h.image("job-engine-stock", "stock", stockLayout, n.engineRoot, n.job)
	n.engine = h.image("job-engine", "jobengine", n.stock)
	return n, h.err
}

// image names the image that is built from the files of a directory below
// images/ on the given ones.
func (h *hasher) image(name, dir string, from ...string) string {
	if h.err != nil {
		return ""
	}
	var own []string
	if own, h.err = programHashes(h.b.root, dir); h.err != nil {
		return ""
	}
	return h.tag(name, append(from, own...), sources(dir)...)
}

// name names what is made from strings alone.
func (h *hasher) name(name string, words []string, more ...string) string {
	return h.tag(name, append(words, more...))
}

func (h *hasher) tag(name string, words []string, files ...string) string {
	if h.err != nil {
		return ""
	}
	for i, f := range files {
		files[i] = filepath.Join(h.b.root, "images", f)
	}
	var hash string
	hash, h.err = artifacts.Hash(append(words, name), files...)
	return "gitops-pipeline/" + name + ":" + h.prefix + hash
}

// frontend is the hash of Gitea's frontend, if the set has it.
func (h *hasher) frontend() []string {
	if h.err != nil || !h.b.frontend {
		return nil
	}
	var hash string
	hash, h.err = artifacts.FrontendHash(h.b.root)
	return []string{hash}
}

// binary is the hash of a program.
func (h *hasher) binary(bin artifacts.Binary) string {
	if h.err != nil {
		return ""
	}
	var hash string
	hash, h.err = bin.Hash(h.b.root)
	return hash
}
