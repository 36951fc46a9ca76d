//go:build integration

package engineproxy

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
)

// program does nothing, or prints the names of its file of hosts.
const program = `package main

import (
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "hosts" {
		text, _ := os.ReadFile("/etc/hosts")
		os.Stdout.Write(text)
		os.Stderr.WriteString("the end\n")
		return
	}
	time.Sleep(time.Hour)
}
`

// TestRealEngine creates a job's containers on the Docker host through the proxy, as
// gitea-runner does, executes a step in it, and logs what that costs with the proxy and
// without: by how much depends on what else the machine does.
func TestRealEngine(t *testing.T) {
	direct, err := dockerhost.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	socket, ok := strings.CutPrefix(direct.DaemonHost(), "unix://")
	if !ok {
		t.Fatalf("this test needs a Docker engine with a Unix socket, not %s", direct.DaemonHost())
	}
	p := Proxy{Socket: filepath.Join(t.TempDir(), "proxy.sock"), Engine: socket, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxied, err := client.NewClientWithOpts(client.WithHost("unix://"+p.Socket), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	ref := programImage(t, direct)
	// The name of a service of this test's own.
	name := "e-proxy-" + strings.ToLower(rand.Text()[:8])
	create := func(c container.Config, h container.HostConfig, n *network.NetworkingConfig) string {
		t.Helper()
		c.Image = ref
		made, err := proxied.ContainerCreate(t.Context(), &c, &h, n, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = direct.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		})
		if err := proxied.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	t.Cleanup(func() { _ = direct.NetworkRemove(context.Background(), Network) })
	service := create(container.Config{Cmd: []string{"/program"}}, container.HostConfig{NetworkMode: Network},
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{Network: {Aliases: []string{name}}}})
	// The job's own program is no /bin/sleep here: the image has only one.
	job := create(container.Config{Entrypoint: []string{"/bin/sleep", "600"}, Env: []string{"RUNNER_TOOL_CACHE=/opt/hostedtoolcache"}},
		container.HostConfig{NetworkMode: Network}, nil)

	found, err := direct.ContainerInspect(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	address := found.NetworkSettings.Networks[Network].IPAddress
	hosts := execute(t, proxied, job)
	if !slices.ContainsFunc(strings.Split(hosts, "\n"), func(line string) bool { return slices.Equal(strings.Fields(line), []string{address, name}) }) || !strings.Contains(hosts, "the end\n") {
		t.Errorf("got %q, want the job to know %s as %s", hosts, address, name)
	}
	made, err := direct.ContainerInspect(t.Context(), job)
	if err != nil || made.HostConfig.NetworkMode != "host" {
		t.Errorf("got a job in the network %s, %v, want the engine's own", made.HostConfig.NetworkMode, err)
	}

	var without, with []time.Duration
	for range 11 {
		for cli, took := range map[*client.Client]*[]time.Duration{direct: &without, proxied: &with} {
			start := time.Now()
			execute(t, cli, job)
			*took = append(*took, time.Since(start))
		}
	}
	a, b := median(without), median(with)
	t.Logf("a step, median of %d: %s, through the proxy %s", len(with), a.Round(100*time.Microsecond), b.Round(100*time.Microsecond))
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// execute runs the program in a container as gitea-runner runs a step, and returns all that
// it prints. Of what it prints on its two outputs, the engine keeps no order.
func execute(t *testing.T, cli *client.Client, id string) string {
	t.Helper()
	made, err := cli.ContainerExecCreate(t.Context(), id, container.ExecOptions{Cmd: []string{"/bin/sleep", "hosts"}, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := cli.ContainerExecAttach(t.Context(), made.ID, container.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer attached.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, attached.Reader); err != nil {
		t.Fatal(err)
	}
	if ended, err := cli.ContainerExecInspect(t.Context(), made.ID); err != nil || ended.ExitCode != 0 {
		t.Fatalf("got %+v, %v, want exit code 0", ended, err)
	}
	return out.String()
}

// programImage imports an image with the program as all that it has.
func programImage(t *testing.T, cli *client.Client) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "program"), filepath.Join(dir, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v: %s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "program"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, name := range []string{"program", "bin/sleep"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(binary))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(binary); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ref := "gitops-pipeline-test/engineproxy:" + strings.ToLower(rand.Text()[:8])
	imported, err := cli.ImageImport(t.Context(), image.ImportSource{Source: &archive, SourceName: "-"}, ref, image.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer imported.Close()
	if _, err := io.Copy(io.Discard, imported); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cli.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true}) })
	return ref
}
