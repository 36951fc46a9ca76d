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

// Where the files of the job image are given, and where the stock is made of them.
const (
	stockSource = "/engine/job"
	stockMade   = "/engine/stock"
	stockRun    = "/run/stocking"
)

// stockProcesses limits the processes of the engine that makes the stock.
const stockProcesses = 4096

// MakeStock makes the stock of a job image, as a running engine needs it. It runs once,
// when the job engine's image is built: a fresh engine loads nothing. The directory
// /engine/job holds the image's file system, rootfs.tar, its settings, changes, and its name.
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
	if err := importImage(ctx, stockSource); err != nil {
		_ = e.Stop()
		return err
	}
	if err := e.Stop(); err != nil {
		return err
	}
	return stock.MakeTemplate()
}

// importImage gives the engine the image in a directory.
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
		return fmt.Errorf("importing the job image: %w\n%s", err, out)
	}
	return nil
}

// importArgs are the arguments of the docker command. Each line of changes is one.
func importArgs(changes, archive, name string) []string {
	args := []string{"--host", "unix://" + filepath.Join(stockRun, "docker.sock"), "import"}
	for line := range strings.Lines(changes) {
		args = append(args, "--change", strings.TrimSuffix(line, "\n"))
	}
	return append(args, archive, name)
}
