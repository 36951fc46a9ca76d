package artifacts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/blang/semver"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
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

// GiteaPlugin builds this project's own provider, and puts it into the folder
// that Pulumi.yaml names, where a Binary wins over the source.
func GiteaPlugin(ctx context.Context, root string, progress io.Writer) (string, error) {
	const name = "pulumi-resource-gitea"
	out := NewProgress(progress)
	dir := filepath.Join(root, "provider", "cmd", name)
	sources, err := giteaPluginSources(root)
	if err != nil {
		return "", err
	}
	h, err := Hash([]string{name, runtime.GOARCH}, sources...)
	if err != nil {
		return "", err
	}
	defer LockGo()()
	built, err := Cached(ctx, name, h, out, func(to string) error {
		return Run(ctx, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(to, name), ".")
	})
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(filepath.Join(built, name))
	if err != nil {
		return "", fmt.Errorf("reading the Gitea provider: %w", err)
	}
	path := filepath.Join(dir, name)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, program) {
		return path, nil
	}
	return path, atomicfile.Write(path, program, 0o755)
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
