//go:build linux

package jobengine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/inner"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// The directory with the job image's files, and the directory for the stock.
const (
	stockSource = "/engine/job"
	stockMade   = "/engine/stock"
	stockRun    = "/run/stocking"
)

// stockProcesses is the process limit of the engine that creates the stock.
const stockProcesses = 4096

// MakeStock creates the stock of a job image. It runs once, when the job engine's image is
// built, so that a new engine has nothing to load. The directory /engine/job contains the
// image's file system in the file rootfs.tar, its settings in changes, and its name in name.
func MakeStock(ctx context.Context) (err error) {
	places, err := prepare(stockProcesses)
	if err != nil {
		return err
	}
	stock := inner.StockAt(stockMade)
	e, err := inner.Start(ctx, inner.Options{
		Data: stock.Images, Socket: stockRun, Stocking: true, Environment: os.Environ(),
		Forge: network.Forge{Address: "nowhere:1", Name: "localhost"}, Link: places[0].link, Group: places[0].group,
	})
	if err != nil {
		return err
	}
	if err := importAll(ctx, stockSource); err != nil {
		_ = e.Stop()
		return err
	}
	if err := e.Stop(); err != nil {
		return err
	}
	return stock.MakeTemplate()
}

// importAll imports the job image in a directory, and the images in the directories below it.
func importAll(ctx context.Context, dir string) error {
	if err := importImage(ctx, dir); err != nil {
		return err
	}
	more, err := filepath.Glob(filepath.Join(dir, "more-*"))
	if err != nil {
		return err
	}
	for _, dir := range more {
		if err := importImage(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// importImage imports the image in a directory into the engine.
func importImage(ctx context.Context, dir string) error {
	name, err := os.ReadFile(filepath.Join(dir, "name"))
	if err != nil {
		return err
	}
	changes, err := os.ReadFile(filepath.Join(dir, "changes"))
	if err != nil {
		return err
	}
	args := importArgs(string(changes), filepath.Join(dir, "rootfs.tar"), strings.TrimSpace(string(name)))
	if out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("importing %s: %w\n%s", strings.TrimSpace(string(name)), err, out)
	}
	return nil
}

// importArgs returns the arguments of docker import. Each line of changes becomes a
// --change.
func importArgs(changes, archive, name string) []string {
	args := []string{"--host", "unix://" + filepath.Join(stockRun, "docker.sock"), "import"}
	for line := range strings.Lines(changes) {
		args = append(args, "--change", strings.TrimSuffix(line, "\n"))
	}
	return append(args, archive, name)
}
