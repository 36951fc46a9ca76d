package artifacts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// frontend is the name of the artifact.
const frontend = "gitea-frontend"

// frontendDir is the directory below the project that pins what builds the frontend: Node
// and pnpm, with their hashes, and the commands.
var frontendDir = filepath.Join(Gitea.Module, "frontend")

// FrontendHash covers all that Gitea's frontend is built from. Its sources, and the hashes
// of the packages that it consists of, are in Gitea's module, which the version names.
func FrontendHash(root string) (string, error) {
	version, err := Gitea.Version(root)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, frontendDir)
	return Hash([]string{frontend, version}, filepath.Join(dir, "package.json"), filepath.Join(dir, "package-lock.json"))
}

// Frontend returns the directory of the files that Gitea serves as /assets: the styles
// and scripts of its pages, which a Go build of Gitea lacks. It builds them if they are
// not in the cache, from Gitea's module and from npm packages, none of whose install
// scripts runs.
func Frontend(ctx context.Context, root string, out *Progress) (string, error) {
	h, err := FrontendHash(root)
	if err != nil {
		return "", err
	}
	dir, err := Cached(ctx, frontend, h, out, func(dir string) error {
		if err := Need(ctx, out, "npm", "npm"); err != nil {
			return err
		}
		return buildFrontend(ctx, root, dir)
	})
	if err != nil {
		return "", problem.New("getting the styles and scripts of the forge's pages", err,
			"let npm reach its registry, as `npm ping` says, and repeat; or do without them: with the key forge.frontend set to false the forge works, and its pages have neither style nor script (pipeline up -c forge.frontend=false)")
	}
	return filepath.Join(dir, "assets"), nil
}

// buildFrontend builds the frontend in a directory below dir, with everything that is
// downloaded for it, and keeps the result alone.
func buildFrontend(ctx context.Context, root, dir string) (err error) {
	module, err := ModuleDir(ctx, filepath.Join(root, Gitea.Module), Gitea.Pin)
	if err != nil {
		return err
	}
	work := filepath.Join(dir, "work")
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tools, sources := filepath.Join(work, "tools"), filepath.Join(work, "gitea")
	for to, from := range map[string]string{tools: filepath.Join(root, frontendDir), sources: module} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			return fmt.Errorf("copying the frontend's sources: %w", err)
		}
	}
	cache := filepath.Join(work, "cache")
	env := []string{"npm_config_cache=" + cache, "XDG_CACHE_HOME=" + cache, "XDG_DATA_HOME=" + cache, "XDG_STATE_HOME=" + cache}
	if err := npmInstall(ctx, tools, env); err != nil {
		return err
	}
	// npm leaves out an optional package that it cannot get, as Node's for another architecture.
	if found, err := filepath.Glob(filepath.Join(tools, "node_modules", "node-linux-*", "bin", "node")); err != nil || len(found) != 1 {
		return fmt.Errorf("got %d programs %q from npm, want Node's for %s/%s", len(found), found, runtime.GOOS, runtime.GOARCH)
	}
	// npm run gives npm's settings to pnpm. The script itself puts Node first: npm may need
	// the machine's own, and version 9 links no program of optional packages.
	if err := Run(ctx, tools, env, "npm", "run", "build"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(sources, "public", "assets"), filepath.Join(dir, "assets"))
}
