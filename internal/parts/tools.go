package parts

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
)

// minPulumi is the oldest installed Pulumi CLI that is used: older ones do not
// know local plugins that are compiled from source (plugins.providers with a
// runtime).
var minPulumi = semver.MustParse("3.200.0")

// Pulumi returns the path of a Pulumi CLI: the one on PATH when it is new
// enough, else one built from tools/pulumi.
func Pulumi(ctx context.Context, root string, progress io.Writer) (string, error) {
	if path, err := exec.LookPath("pulumi"); err == nil {
		if v, err := pulumiVersion(ctx, path); err == nil && v.GTE(minPulumi) {
			return path, nil
		}
	}
	return pulumiBinary.build(ctx, root, NewProgress(progress))
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
	v, err := dockerPluginBinary.version(root)
	return strings.TrimPrefix(v, "v"), err
}

// DockerPlugin builds the Pulumi docker plugin and returns its path.
func DockerPlugin(ctx context.Context, root string, progress io.Writer) (string, error) {
	return dockerPluginBinary.build(ctx, root, NewProgress(progress))
}

// Rekey builds the program that gives Gitea a new SECRET_KEY and returns its path.
func Rekey(ctx context.Context, root string, progress io.Writer) (string, error) {
	return rekeyBinary.build(ctx, root, NewProgress(progress))
}

// GiteaPlugin builds this project's own provider into the folder that
// Pulumi.yaml names, where a binary wins over the source.
func GiteaPlugin(ctx context.Context, root string, progress io.Writer) (string, error) {
	out := NewProgress(progress)
	dir := filepath.Join(root, "provider", "cmd", "pulumi-resource-gitea")
	path := filepath.Join(dir, "pulumi-resource-gitea")
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(cache, "pulumi-resource-gitea.lock"), "the Gitea provider", out)
	if err != nil {
		return "", err
	}
	defer unlock()
	defer lockGo()()
	// Go's own cache knows whether there is anything to do; go build replaces
	// the file only when the content changes.
	err = out.step("pulumi-resource-gitea", func() error {
		return run(ctx, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-o", path, ".")
	})
	if err != nil {
		return "", fmt.Errorf("building the Gitea provider: %w", err)
	}
	return path, nil
}
