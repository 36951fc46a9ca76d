package images

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// names are the references of one complete set of images. The names of images that
// this project builds contain the hash of all their inputs.
type names struct {
	mode config.ImageSource

	// What the set is built from: three Debian systems, and an image each that
	// holds Gitea's program, the runner's program, the Go toolchain and Node.js.
	forgeRoot, jobRoot, jobEngineRoot      string
	giteaProgram, runnerProgram, gos, node string

	// What the job engine's image is built from: one without the job image, which lays
	// that out, and the result.
	bareJobEngine, stock string

	// The set itself.
	gitea, runner, job, jobEngine string
}

// all are the images that have to be on the Docker host.
func (n names) all() []string { return []string{n.gitea, n.runner, n.job, n.jobEngine} }

func (n names) images() Images {
	return Images{Mode: n.mode, Gitea: n.gitea, Runner: n.runner, Job: n.job, JobEngine: n.jobEngine}
}

// Current returns the images that a stack of the checkout at root is to be created from: one
// set, or both where ImagesAuto leaves the choice to what is available. They need not be on
// the Docker host, which is asked for the images of runner.images alone.
func Current(ctx context.Context, root string, cfg config.Config, docker *client.Client) ([]Images, error) {
	p, err := readPins(root)
	if err != nil {
		return nil, err
	}
	b := &builder{root: root, pins: p, frontend: cfg.Frontend, docker: docker}
	if err := b.findStocked(ctx, cfg.Runner.Images); err != nil {
		return nil, err
	}
	var sets []Images
	for source, name := range map[config.ImageSource]func() (names, error){
		config.ImagesFromSource: b.sourceNames, config.ImagesOfficial: b.officialNames,
	} {
		if cfg.Images != source && cfg.Images != config.ImagesAuto {
			continue
		}
		n, err := name()
		if err != nil {
			return nil, fmt.Errorf("naming the images: %w", err)
		}
		sets = append(sets, n.images())
	}
	return sets, nil
}

// sourceNames names the images that are built from source.
func (b *builder) sourceNames() (names, error) {
	h := hasher{b: b}
	d := b.pins.Debian
	n := names{
		mode:          config.ImagesFromSource,
		forgeRoot:     h.name("forge-rootfs", []string{d.Suite, rootfsRecipe}, d.Forge...),
		jobRoot:       h.name("job-rootfs", []string{d.Suite, rootfsRecipe}, d.Job...),
		jobEngineRoot: h.name("engine-rootfs", []string{d.Suite, rootfsRecipe}, d.JobEngine...),
		giteaProgram:  h.name("gitea-program", []string{giteaLayout, h.binary(artifacts.Gitea)}, h.frontend()...),
		runnerProgram: h.name("runner-program", nil, h.binary(artifacts.Runner)),
		gos:           h.name("go", append([]string{goLayout, b.pins.Go, runtime.GOARCH}, goLeftOut...)),
		node:          h.name("node", nil, h.node()),
	}
	return h.complete(n)
}

// officialNames names the images that are built on official ones.
func (b *builder) officialNames() (names, error) {
	h := hasher{b: b, prefix: "official-"}
	d, o := b.pins.Debian, b.pins.Official
	n := names{
		mode:          config.ImagesOfficial,
		forgeRoot:     h.image("forge-rootfs", "base", o.Debian, b.officialForgePackages()),
		jobRoot:       h.image("job-rootfs", "base", o.Debian, strings.Join(d.Job, " ")),
		jobEngineRoot: h.image("engine-rootfs", "base", o.Debian, strings.Join(d.JobEngine, " ")),
	}
	if h.err == nil {
		n.giteaProgram, n.runnerProgram, h.err = officialPrograms(b.root)
	}
	n.gos = "golang:" + strings.TrimPrefix(b.pins.Go, "go") + "-" + d.Suite
	if h.err == nil {
		n.node, h.err = officialNode(b.root, d.Suite)
	}
	return h.complete(n)
}

// officialForgePackages are the packages of the forge's system on the official Debian
// image.
func (b *builder) officialForgePackages() string {
	return strings.Join(slices.Concat(b.pins.Debian.Forge, b.pins.Official.Packages), " ")
}

// official are the official images of a set.
func (b *builder) official(n names) []string {
	return []string{n.giteaProgram, n.runnerProgram, n.gos, n.node, b.pins.Official.Debian}
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

// officialNode is the exact tag of the official image with the Node.js that is pinned.
func officialNode(root, suite string) (string, error) {
	version, err := artifacts.NodeVersion(root)
	return "node:" + version + "-" + suite + "-slim", err
}

// hasher names images; after its first error it does nothing.
type hasher struct {
	b      *builder
	prefix string // of a tag
	err    error
}

// complete adds the names of what is built from what n has.
func (h *hasher) complete(n names) (names, error) {
	n.gitea = h.image("gitea", "gitea", n.forgeRoot, n.giteaProgram)
	n.runner = h.image("runner", "runner", n.jobEngineRoot, n.runnerProgram)
	n.job = h.image("job", "job", n.jobRoot, n.gos, n.node)
	n.bareJobEngine = h.image("job-engine-bare", "jobengine", n.jobEngineRoot)
	n.stock = h.image("job-engine-stock", "stock", append([]string{stockLayout, n.jobEngineRoot, n.job}, h.b.stockedWords()...)...)
	n.jobEngine = h.image("job-engine", "jobengine", n.stock)
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

// node is the hash of Node.js and npm.
func (h *hasher) node() string {
	if h.err != nil {
		return ""
	}
	var hash string
	hash, h.err = artifacts.NodeHash(h.b.root)
	return hash
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
