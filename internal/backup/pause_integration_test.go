//go:build integration

package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// TestPauseBetweenHealthChecks pauses a container with frequent health checks
// again and again. A check that is being started when its container is paused
// keeps Docker from resuming it until the check's timeout has passed.
func TestPauseBetweenHealthChecks(t *testing.T) {
	cli, err := dockerhost.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	const stall = 8 * time.Second
	id := checkedContainer(t, cli, &container.HealthConfig{Test: []string{"CMD", "/program", "check"}, Interval: 300 * time.Millisecond, Timeout: stall})
	guard := func(string) (func(), error) { return func() {}, nil }
	work := func(context.Context) error {
		time.Sleep(50 * time.Millisecond) // the copy: Docker handles its own event of a pause later
		return nil
	}
	for i := range 60 {
		paused, err := whilePaused(t.Context(), cli, id, guard, work)
		if err != nil {
			t.Fatal(err)
		}
		if paused > stall/2 {
			t.Fatalf("pause %d took %s: it waited for the timeout of a health check, %s", i+1, paused, stall)
		}
	}
}

// checkedContainer runs a container that does nothing, from an image of one file.
func checkedContainer(t *testing.T, cli *client.Client, check *container.HealthConfig) string {
	t.Helper()
	dir := t.TempDir()
	source := "package main\n\nimport (\"os\"; \"time\")\n\nfunc main() { if len(os.Args) < 2 { time.Sleep(time.Hour) } }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), filepath.Join(dir, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v: %s", err, out)
	}
	program, err := os.ReadFile(filepath.Join(dir, "program"))
	if err != nil {
		t.Fatal(err)
	}
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "program", Mode: 0o755, Size: int64(len(program))})
	_, _ = w.Write(program)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const name = "gitops-pipeline-test/pause:once"
	imported, err := cli.ImageImport(t.Context(), image.ImportSource{Source: &files, SourceName: "-"}, name, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cli.ImageRemove(context.Background(), name, image.RemoveOptions{Force: true}) })
	if _, err := io.Copy(io.Discard, imported); err != nil {
		t.Fatal(err)
	}
	made, err := cli.ContainerCreate(t.Context(), &container.Config{Image: name, Cmd: []string{"/program"}, Healthcheck: check},
		&container.HostConfig{NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeHelper(cli, made.ID) })
	if err := cli.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return made.ID
}
