package artifacts

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/blang/semver"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// minPulumi is the oldest installed Pulumi CLI that is used: older ones do not
// know local plugins that are compiled from source (plugins.providers with a
// runtime).
var minPulumi = semver.MustParse("3.200.0")

// CLI is a Pulumi command line.
type CLI struct {
	Path    string
	Version semver.Version
}

// Pulumi returns the CLI on PATH when it is new enough, else one built from
// tools/pulumi.
func Pulumi(ctx context.Context, root string, progress io.Writer) (CLI, error) {
	if path, err := exec.LookPath("pulumi"); err == nil {
		if v, err := pulumiVersion(ctx, path); err == nil && v.GTE(minPulumi) {
			return CLI{path, v}, nil
		}
	}
	pin, err := pulumiBinary.Version(root)
	if err != nil {
		return CLI{}, err
	}
	version, err := semver.ParseTolerant(pin)
	if err != nil {
		return CLI{}, fmt.Errorf("understanding Pulumi's pinned version %q: %w", pin, err)
	}
	path, err := pulumiBinary.Build(ctx, root, NewProgress(progress))
	return CLI{path, version}, err
}

func pulumiVersion(ctx context.Context, path string) (semver.Version, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return semver.Version{}, err
	}
	return semver.ParseTolerant(strings.TrimSpace(string(out)))
}

// DockerPluginVersion is the version of the docker SDK that the program uses
// and that the built plugin serves, without the v.
func DockerPluginVersion(root string) (string, error) {
	v, err := dockerPluginBinary.Version(root)
	return strings.TrimPrefix(v, "v"), err
}

// DockerPlugin builds the Pulumi docker plugin and returns its path.
func DockerPlugin(ctx context.Context, root string, progress io.Writer) (string, error) {
	return dockerPluginBinary.Build(ctx, root, NewProgress(progress))
}

// Rekey builds the program that gives Gitea a new SECRET_KEY and returns its path.
func Rekey(ctx context.Context, root string, progress io.Writer) (string, error) {
	return rekeyBinary.Build(ctx, root, NewProgress(progress))
}

// giteaPlugin is the name of this project's own provider and of its program.
const giteaPlugin = "pulumi-resource-gitea"

// GiteaPluginDir returns the directory that GiteaPlugin builds the provider
// into, whether or not it was built already.
func GiteaPluginDir(root string) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	h, err := giteaPluginHash(root)
	return filepath.Join(cache, giteaPlugin+"-"+h), err
}

// GiteaPlugin builds this project's own provider into the cache, and returns the
// program's path. It never builds into the checkout: Pulumi prefers a program
// there to the source beside it, however old the program is.
func GiteaPlugin(ctx context.Context, root string, progress io.Writer) (string, error) {
	source := filepath.Join(root, "provider", "cmd", giteaPlugin)
	if err := removeStalePlugin(filepath.Join(source, giteaPlugin)); err != nil {
		return "", err
	}
	h, err := giteaPluginHash(root)
	if err != nil {
		return "", err
	}
	defer LockGo()()
	built, err := Cached(ctx, giteaPlugin, h, NewProgress(progress), func(to string) error {
		return Run(ctx, source, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(to, giteaPlugin), ".")
	})
	return filepath.Join(built, giteaPlugin), err
}

// removeStalePlugin removes the program that earlier versions of the launcher
// built beside the provider's source. Programs of anybody else stay.
func removeStalePlugin(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil // there is none, or it is no Go program
	}
	trimmed := slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-trimpath" && s.Value == "true" })
	if filepath.Base(info.Path) != giteaPlugin || !trimmed {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return problem.New("removing "+path+", which an earlier version built", err,
			"remove it: a plain pulumi up would use it in place of the source")
	}
	return nil
}

func giteaPluginHash(root string) (string, error) {
	sources, err := giteaPluginSources(root)
	if err != nil {
		return "", err
	}
	return Hash([]string{giteaPlugin, runtime.GOARCH}, sources...)
}

// giteaPluginSources are the files that the provider is built from.
func giteaPluginSources(root string) ([]string, error) {
	files := []string{filepath.Join(root, "go.mod"), filepath.Join(root, "go.sum")}
	for _, dir := range giteaPluginPackages {
		found, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// giteaPluginPackages are the project's packages that the provider consists of.
var giteaPluginPackages = []string{"provider", "provider/cmd/pulumi-resource-gitea"}
