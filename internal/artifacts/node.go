package artifacts

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// node is the name of the artifact.
const node = "node"

// nodeLayout is how the files are laid out; it is part of their hash.
const nodeLayout = "usr/local, without links, 1"

// nodeDir is the directory below the project that pins Node.js and npm, with their hashes.
var nodeDir = filepath.Join("images", "job", "node")

// nodePackage is the npm package that contains the program for this machine.
func nodePackage() string {
	return "node-linux-" + strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
}

// NodeVersion is the pinned version of Node.js.
func NodeVersion(root string) (string, error) {
	path := filepath.Join(root, nodeDir, "package.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the pin of Node.js: %w", err)
	}
	var manifest struct{ OptionalDependencies map[string]string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", fmt.Errorf("reading the pin of Node.js: %s: %w", path, err)
	}
	version := manifest.OptionalDependencies[nodePackage()]
	if version == "" {
		return "", fmt.Errorf("reading the pin of Node.js: %s has no %s", path, nodePackage())
	}
	return version, nil
}

// NodeHash covers all that Node returns.
func NodeHash(root string) (string, error) {
	dir := filepath.Join(root, nodeDir)
	return Hash([]string{node, nodeLayout, runtime.GOARCH}, filepath.Join(dir, "package.json"), filepath.Join(dir, "package-lock.json"))
}

// Node returns a directory with Node.js and npm, laid out as in the official image of
// Node.js: the program usr/local/bin/node, and the directory usr/local/lib/node_modules/npm.
// npm gets both, checks their hashes and runs no install script.
func Node(ctx context.Context, root string, out *Progress) (string, error) {
	h, err := NodeHash(root)
	if err != nil {
		return "", err
	}
	dir, err := Cached(ctx, node, h, out, func(dir string) error {
		if err := Need(ctx, out, "npm", "npm"); err != nil {
			return err
		}
		return layNode(ctx, filepath.Join(root, nodeDir), dir)
	})
	if err != nil {
		return "", problem.New("getting Node.js for the job image", err,
			"let npm reach its registry, as `npm ping` says, and repeat; or give the Docker host a way to an image registry: with official images the job image's Node.js comes from there")
	}
	return dir, nil
}

// npmInstall installs the packages that a directory pins, into it, without running a script
// of theirs.
func npmInstall(ctx context.Context, dir string, env []string) error {
	return Run(ctx, dir, env, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
}

// layNode installs the packages that a directory pins, and lays them out in dir.
func layNode(ctx context.Context, pins, dir string) error {
	work := filepath.Join(dir, "work")
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(pins)); err != nil {
		return err
	}
	if err := npmInstall(ctx, work, []string{"npm_config_cache=" + filepath.Join(work, "cache")}); err != nil {
		return err
	}
	modules := filepath.Join(work, "node_modules")
	for from, to := range map[string]string{
		filepath.Join(nodePackage(), "bin", "node"): "usr/local/bin/node",
		"npm": "usr/local/lib/node_modules/npm",
	} {
		to = filepath.Join(dir, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		// npm leaves out an optional package that it cannot get.
		if err := os.Rename(filepath.Join(modules, from), to); err != nil {
			return fmt.Errorf("npm did not install %s: %w", from, err)
		}
	}
	return nil
}
