package images

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// names are the content-addressed names of the source images.
type names struct{ os, engineRoot, gitea, runner, job, engine, stocked string }

func (n names) all() []string { return []string{n.gitea, n.runner, n.job, n.engine, n.stocked} }

func (n names) images() Images {
	return Images{Mode: config.ImagesFromSource, Gitea: n.gitea, Runner: n.runner, Job: n.job, Engine: n.stocked}
}

// names computes the source images' names; each covers all that it is made of.
func (b *builder) names() (names, error) {
	var n names
	var err error
	name := func(part string, words []string, files ...string) string {
		if err != nil {
			return ""
		}
		for i, f := range files {
			files[i] = filepath.Join(b.root, "images", f)
		}
		var own []string
		if own, err = programHashes(b.root, part); err != nil {
			return ""
		}
		var h string
		h, err = artifacts.Hash(append(append(words, own...), part), files...)
		return "gitops-pipeline/" + part + ":" + h
	}
	binaryHash := func(bin artifacts.Binary) string {
		if err != nil {
			return ""
		}
		var h string
		h, err = bin.Hash(b.root)
		return h
	}
	d := b.pins.Debian
	n.os = name("os", append([]string{d.Suite, rootfsRecipe}, d.OS...))
	n.engineRoot = name("engine-rootfs", append([]string{d.Suite, rootfsRecipe}, d.Engine...))
	n.gitea = name("gitea", []string{n.os, binaryHash(artifacts.Gitea)}, sources("gitea", "Dockerfile")...)
	n.runner = name("runner", []string{n.engineRoot, binaryHash(artifacts.Runner)}, sources("runner", "Dockerfile")...)
	n.job = name("job", []string{n.os, n.engineRoot, b.pins.Go}, sources("job", "Dockerfile")...)
	n.engine = name("engine", []string{n.engineRoot}, sources("engine", "Dockerfile")...)
	n.stocked = name("stocked-engine", []string{n.engine, n.job}, sources("stocked-engine", "Dockerfile")...)
	return n, err
}

// buildAll builds what is missing: programs one after the other, as each Go
// build uses every core, and root file systems, which wait for the network,
// beside them.
func (b *builder) buildAll(ctx context.Context, n names) error {
	missing, err := b.missing(ctx, n.all()...)
	if err != nil || len(missing) == 0 {
		return err
	}
	var gitea, runner string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if gitea, err = artifacts.Gitea.Build(gctx, b.root, b.out); err != nil {
			return err
		}
		runner, err = artifacts.Runner.Build(gctx, b.root, b.out)
		return err
	})
	g.Go(func() error {
		if err := artifacts.Need(gctx, b.out, "mmdebstrap", "mmdebstrap"); err != nil {
			return err
		}
		if err := b.rootfs(gctx, "os", n.os, b.pins.Debian.OS); err != nil {
			return err
		}
		return b.rootfs(gctx, "engine-rootfs", n.engineRoot, b.pins.Debian.Engine)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if err := b.image(ctx, "gitea", "Dockerfile", n.gitea, map[string]string{"OS": n.os}, func(dir string) error {
		return b.stageGitea(ctx, dir, gitea)
	}); err != nil {
		return err
	}
	if err := b.image(ctx, "runner", "Dockerfile", n.runner, map[string]string{"ROOTFS": n.engineRoot}, func(dir string) error {
		return copyFile(runner, filepath.Join(dir, "gitea-runner"), 0o755)
	}); err != nil {
		return err
	}
	if err := b.image(ctx, "job", "Dockerfile", n.job, map[string]string{"OS": n.os, "ENGINE": n.engineRoot}, func(dir string) error {
		return b.stageGo(ctx, filepath.Join(dir, "go"))
	}); err != nil {
		return err
	}
	if err := b.image(ctx, "engine", "Dockerfile", n.engine, map[string]string{"ROOTFS": n.engineRoot}, nil); err != nil {
		return err
	}
	return b.stockedEngine(ctx, n.stocked, n.engine, n.job)
}

// stockedEngine builds the engine that has the job image.
func (b *builder) stockedEngine(ctx context.Context, ref, engine, job string) error {
	return b.image(ctx, "stocked-engine", "Dockerfile", ref, map[string]string{"ENGINE": engine}, b.stock(ctx, engine, job))
}

// derived builds an image on top of an official one, whose name is the build
// argument arg.
func (b *builder) derived(ctx context.Context, part, arg, from string) (string, error) {
	const dockerfile = "official.Dockerfile"
	ref, err := b.officialName(part, dockerfile, arg, from)
	if err != nil {
		return "", err
	}
	return ref, b.image(ctx, part, dockerfile, ref, map[string]string{arg: from}, nil)
}

// officialName is the name of an image that is made of official ones: of words,
// which name them, and of its own files.
func (b *builder) officialName(part, dockerfile string, words ...string) (string, error) {
	files := sources(part, dockerfile)
	for i, f := range files {
		files[i] = filepath.Join(b.root, "images", f)
	}
	own, err := programHashes(b.root, part)
	if err != nil {
		return "", err
	}
	h, err := artifacts.Hash(append(append(words, own...), part), files...)
	return "gitops-pipeline/" + part + ":official-" + h, err
}

// stageGitea lays out what the official rootless image holds: the program, its
// scripts, and the templates that it would otherwise have inside.
func (b *builder) stageGitea(ctx context.Context, dir, program string) error {
	module, err := b.pinnedModule(ctx, artifacts.Gitea)
	if err != nil {
		return err
	}
	if err := copyTree(filepath.Join(module, "docker", "rootless"), filepath.Join(dir, "rootless"), 0o755); err != nil {
		return err
	}
	for _, d := range []string{"templates", "options", "public"} {
		if err := copyTree(filepath.Join(module, d), filepath.Join(dir, "static", d), 0o644); err != nil {
			return err
		}
	}
	return copyFile(program, filepath.Join(dir, "gitea"), 0o755)
}

func (b *builder) pinnedModule(ctx context.Context, bin artifacts.Binary) (string, error) {
	return artifacts.ModuleDir(ctx, filepath.Join(b.root, bin.Module), bin.Pin)
}

// goLeftOut is what of the Go distribution testing, vetting and building do
// not read.
var goLeftOut = []string{"api", "doc", "misc", "test", "src/cmd", "lib/wasm", "lib/fips140"}

// stageGo lays out the pinned Go toolchain, which the module mirror serves as
// a module.
func (b *builder) stageGo(ctx context.Context, dir string) error {
	from, err := artifacts.ModuleDir(ctx, b.root, "golang.org/toolchain@v0.0.1-"+b.pins.Go+".linux-"+goArch)
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		for _, out := range goLeftOut {
			if rel == out {
				return fs.SkipDir
			}
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if d.IsDir() || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(rel, "bin/") || strings.HasPrefix(rel, "pkg/tool/") {
			mode = 0o755
		}
		return copyFile(path, filepath.Join(dir, rel), mode)
	})
}

// copyTree copies the files of a module's folder, all with one mode: the
// module cache keeps none.
func copyTree(from, to string, mode os.FileMode) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, rel), mode)
	})
}
