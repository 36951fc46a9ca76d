package artifacts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// actions is the name of the artifact.
const actions = "actions"

// BundledActions are the project's JavaScript actions, each a directory below actions/. They
// use GitHub's toolkit, which npm has (docs/adr/0029-actions-on-githubs-toolkit.md).
var BundledActions = []string{
	"cache", "docker/build-push-action", "docker/login-action", "docker/metadata-action", "docker/setup-buildx-action", "docker/setup-qemu-action",
	"download-artifact", "setup-go", "upload-artifact",
}

// actionsDir is the directory below the project that pins the toolkit and the bundler, with
// their hashes, and has the command that builds a bundle.
var actionsDir = filepath.Join("tools", "actions")

// ActionsHash covers all that Actions returns.
func ActionsHash(root string) (string, error) {
	dir := filepath.Join(root, actionsDir)
	files := []string{filepath.Join(dir, "package.json"), filepath.Join(dir, "package-lock.json")}
	shared, err := filepath.Glob(filepath.Join(dir, "*.mjs"))
	if err != nil {
		return "", err
	}
	files = append(files, shared...)
	words := []string{actions}
	for _, name := range BundledActions {
		found, err := filesBelow(filepath.Join(root, "actions", name))
		if err != nil {
			return "", fmt.Errorf("hashing the action %s: %w", name, err)
		}
		for _, path := range found {
			inside, _ := filepath.Rel(root, path)
			words, files = append(words, filepath.ToSlash(inside)), append(files, path)
		}
	}
	return Hash(words, files...)
}

// Actions returns a directory with a directory for each of BundledActions: the action as
// workflows use it, its bundle included. No install script of an npm package runs.
func Actions(ctx context.Context, root string, out *Progress) (string, error) {
	h, err := ActionsHash(root)
	if err != nil {
		return "", err
	}
	dir, err := Cached(ctx, actions, h, out, func(dir string) error {
		if err := Need(ctx, out, "npm", "npm"); err != nil {
			return err
		}
		return bundleActions(ctx, root, dir)
	})
	if err != nil {
		return "", problem.New("getting the JavaScript actions", err,
			"let npm reach its registry, as `npm ping` says, and repeat; or do without cache, the artifacts' and Docker's actions: pipeline up -c actions.bundled=false")
	}
	return filepath.Join(dir, "actions"), nil
}

// bundleActions copies the actions into dir, and builds the bundle of each there.
func bundleActions(ctx context.Context, root, dir string) (err error) {
	tools := filepath.Join(dir, "tools", "actions")
	defer func() { err = errors.Join(err, os.RemoveAll(filepath.Join(dir, "tools"))) }()
	for _, name := range BundledActions {
		if err := os.CopyFS(filepath.Join(dir, "actions", name), os.DirFS(filepath.Join(root, "actions", name))); err != nil {
			return fmt.Errorf("copying the action %s: %w", name, err)
		}
	}
	if err := os.CopyFS(tools, os.DirFS(filepath.Join(root, actionsDir))); err != nil {
		return fmt.Errorf("copying what pins the toolkit: %w", err)
	}
	env := []string{"npm_config_cache=" + filepath.Join(dir, "tools", "cache"), "NODE_PATH=" + filepath.Join(tools, "node_modules")}
	if err := npmInstall(ctx, tools, env); err != nil {
		return err
	}
	for _, name := range BundledActions {
		if err := Run(ctx, tools, append(env, "ACTION="+filepath.Join(dir, "actions", name)), "npm", "run", "build"); err != nil {
			return err
		}
	}
	return nil
}
