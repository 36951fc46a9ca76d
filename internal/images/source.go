package images

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/apt"
	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

const (
	// rootfsRecipe is how a root file system is made; it is part of its hash.
	rootfsRecipe = "mmdebstrap essential, no docs, 1"
	// goLayout is how the Go toolchain is laid out; it is part of its hash.
	goLayout = "whole, go.mod renamed, 1"
	// giteaLayout is how Gitea's files are laid out; it is part of its hash.
	giteaLayout = "rootless, static, 1"
)

// buildSource builds what the images from source are built on. It builds programs one
// after the other, as each Go build uses every core, and at the same time the root file
// systems and Gitea's frontend, which wait for the network.
func (b *builder) buildSource(ctx context.Context, n names) (layouts, error) {
	var gitea, runner, assets, node string
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
		// The job image is built on the first, and the job engine on that.
		if err := b.rootfs(gctx, "job-rootfs", n.jobRoot, b.pins.Debian.Job); err != nil {
			return err
		}
		if err := b.rootfs(gctx, "engine-rootfs", n.jobEngineRoot, b.pins.Debian.JobEngine); err != nil {
			return err
		}
		return b.rootfs(gctx, "forge-rootfs", n.forgeRoot, b.pins.Debian.Forge)
	})
	g.Go(func() (err error) {
		node, err = artifacts.Node(gctx, b.root, b.out)
		return err
	})
	g.Go(func() (err error) {
		if b.frontend {
			assets, err = artifacts.Frontend(gctx, b.root, b.out)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return layouts{
		n.giteaProgram: func(dir string) error { return b.layGitea(ctx, dir, gitea, assets) },
		n.runnerProgram: func(dir string) error {
			return copyFile(runner, filepath.Join(dir, "usr/local/bin/gitea-runner"), 0o755)
		},
		n.gos:  func(dir string) error { return b.layGo(ctx, filepath.Join(dir, "usr/local/go")) },
		n.node: func(dir string) error { return os.CopyFS(dir, os.DirFS(node)) },
	}, nil
}

// rootfs makes a Debian root file system of the given packages, without documentation,
// and imports it as the image ref. mmdebstrap takes the suite's mirrors and checks its
// signatures. apt is in it only where the packages name it.
func (b *builder) rootfs(ctx context.Context, artifact, ref string, packages []string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, h, _ := strings.Cut(ref, ":")
	dir, err := artifacts.Cached(ctx, artifact, h, b.out, func(dir string) error {
		return artifacts.Run(ctx, "", apt.ProxyEnvironment(), "mmdebstrap", "--variant=essential", "--quiet",
			"--include="+strings.Join(packages, ","),
			"--dpkgopt=path-exclude=/usr/share/man/*",
			"--dpkgopt=path-exclude=/usr/share/locale/*",
			"--dpkgopt=path-exclude=/usr/share/doc/*",
			"--dpkgopt=path-include=/usr/share/doc/*/copyright",
			b.pins.Debian.Suite, filepath.Join(dir, "rootfs.tar"))
	})
	if err != nil {
		return err
	}
	tar, err := os.Open(filepath.Join(dir, "rootfs.tar"))
	if err != nil {
		return err
	}
	defer tar.Close()
	return b.importTar(ctx, artifact, ref, tar)
}

// layGitea lays out what the official rootless image holds: the program, its
// scripts, and the files that the official program has inside. Those of the frontend
// are in the directory assets; without one they are missing.
func (b *builder) layGitea(ctx context.Context, dir, program, assets string) error {
	module, err := artifacts.ModuleDir(ctx, filepath.Join(b.root, artifacts.Gitea.Module), artifacts.Gitea.Pin)
	if err != nil {
		return err
	}
	if err := copyTree(filepath.Join(module, "docker", "rootless"), dir, 0o755); err != nil {
		return err
	}
	static := filepath.Join(dir, "app/gitea/static")
	for _, d := range []string{"templates", "options", "public"} {
		if err := copyTree(filepath.Join(module, d), filepath.Join(static, d), 0o644); err != nil {
			return err
		}
	}
	if assets != "" {
		if err := copyTree(assets, filepath.Join(static, "public/assets"), 0o644); err != nil {
			return err
		}
	}
	return copyFile(program, filepath.Join(dir, "app/gitea/gitea"), 0o755)
}

// layGo lays out the pinned Go toolchain, which the module mirror serves as a
// module.
func (b *builder) layGo(ctx context.Context, dir string) error {
	from, err := artifacts.ModuleDir(ctx, b.root, "golang.org/toolchain@v0.0.1-"+b.pins.Go+".linux-"+runtime.GOARCH)
	if err != nil {
		return err
	}
	return copyGo(from, dir)
}
