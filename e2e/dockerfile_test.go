//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// TestServiceImageBuilders builds the service's image, with a package in a sub-directory,
// with both of Docker's builders. The images must be small and must not run as root.
func TestServiceImageBuilders(t *testing.T) {
	t.Parallel()
	images, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	service := filepath.Join(t.TempDir(), "service")
	if err := os.CopyFS(service, os.DirFS("../service")); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		"internal/word/word.go": "package word\n\n// Word is a word.\nconst Word = \"word\"\n",
		"word.go":               "package main\n\nimport \"github.com/gitops-pipeline/gitops-pipeline/service/internal/word\"\n\nvar _ = word.Word\n",
	} {
		path := filepath.Join(service, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, buildKit := range map[string]string{"BuildKit": "1", "classic": "0"} {
		t.Run(name, func(t *testing.T) {
			const tag = "gitops-pipeline-e2e/service:test"
			cmd := exec.Command(dockerCLI(t), "build", "--quiet", "--tag", tag, "--label", label+"=e2e-builders",
				"--build-arg", "GO_IMAGE="+images.Job, service)
			cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT="+buildKit)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("building: %v\n%s", err, out)
			}
			docker := dockerClient(t)
			defer docker.Close()
			image, err := docker.ImageInspect(t.Context(), tag)
			if err != nil {
				t.Fatal(err)
			}
			if image.Config.User != "10001:10001" || image.Config.Healthcheck == nil {
				t.Errorf("got user %q and health check %v", image.Config.User, image.Config.Healthcheck)
			}
			const most = 8_000_000
			if image.Size > most {
				t.Errorf("got %d bytes, want at most %d", image.Size, most)
			}
			if out, err := exec.Command(dockerCLI(t), "rmi", tag).CombinedOutput(); err != nil {
				t.Errorf("removing the image: %v\n%s", err, out)
			}
		})
	}
}

// dockerCLI returns a docker command with BuildKit built in, such as Debian 12's. A newer
// command needs a plugin for it.
func dockerCLI(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/usr/bin/docker"); err == nil {
		return "/usr/bin/docker"
	}
	path, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal("there is no docker client; install docker.io")
	}
	return path
}
