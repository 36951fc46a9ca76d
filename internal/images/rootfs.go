package images

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

const goArch = runtime.GOARCH

// rootfsRecipe is how a root file system is made; it is part of its hash.
const rootfsRecipe = "mmdebstrap essential, no docs, 1"

// rootfs makes a Debian root file system of the given packages, without apt
// and without documentation, and imports it as the image ref. mmdebstrap takes
// the suite's mirrors and checks its signatures.
func (b *builder) rootfs(ctx context.Context, part, ref string, packages []string) error {
	missing, err := b.missing(ctx, ref)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, h, _ := strings.Cut(ref, ":")
	dir, err := artifacts.Cached(ctx, part, h, b.out, func(dir string) error {
		return artifacts.Run(ctx, "", nil, "mmdebstrap", "--variant=essential", "--quiet",
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
	return b.load(ctx, part, ref, filepath.Join(dir, "rootfs.tar"))
}
