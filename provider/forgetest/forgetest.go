// Package forgetest runs a real Gitea for tests.
package forgetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// startTimeout bounds the wait for the server.
const startTimeout = 60 * time.Second

// startScript makes the administrator, then starts the server.
const startScript = `set -e
/usr/local/bin/docker-setup.sh
gitea=(/usr/local/bin/gitea --config "$GITEA_APP_INI")
"${gitea[@]}" migrate
"${gitea[@]}" admin user create --admin --username "$ADMIN_USER" --password "$ADMIN_PASSWORD" --email admin@localhost --must-change-password=false
exec "${gitea[@]}" web`

// Forge is a running Gitea.
type Forge struct {
	URL                string
	Username, Password string // of an administrator

	docker *client.Client
	id     string
}

// Start runs a Gitea of the source image in a container of its own, on a free
// port of the loopback interface. root is the project's directory, and env more variables.
func Start(ctx context.Context, root string, env ...string) (*Forge, error) {
	images, err := images.Resolve(ctx, root, config.Config{Images: config.ImagesFromSource, Frontend: true}, os.Stderr)
	if err != nil {
		return nil, err
	}
	docker, err := dockerhost.NewClient()
	if err != nil {
		return nil, fmt.Errorf("connecting to Docker: %w; start it, or run: make test", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	f := &Forge{
		URL: "http://127.0.0.1:" + port, Username: "forge-admin", Password: rand.Text(), docker: docker,
	}
	made, err := docker.ContainerCreate(ctx, &container.Config{
		Image:      images.Gitea,
		Entrypoint: []string{"/bin/bash", "-c", startScript},
		Env: append([]string{
			"ADMIN_USER=" + f.Username, "ADMIN_PASSWORD=" + f.Password,
			"GITEA__server__ROOT_URL=" + f.URL + "/", "GITEA__security__INSTALL_LOCK=true",
			"GITEA__security__SECRET_KEY=" + rand.Text(), "GITEA__log__LEVEL=warn",
		}, env...),
		Labels:       map[string]string{"gitops-pipeline.stack": "test-provider-" + port},
		ExposedPorts: nat.PortSet{"3000/tcp": {}},
	}, &container.HostConfig{
		PortBindings: nat.PortMap{"3000/tcp": {{HostIP: "127.0.0.1", HostPort: port}}},
	}, nil, nil, "")
	if err != nil {
		return nil, fmt.Errorf("making the forge's container: %w", err)
	}
	f.id = made.ID
	if err := docker.ContainerStart(ctx, f.id, container.StartOptions{}); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the forge: %w", err), f.Stop())
	}
	if err := f.await(ctx); err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

// Container is the ID of the forge's container.
func (f *Forge) Container() string { return f.id }

// Stop removes the forge with its data.
func (f *Forge) Stop() error {
	err := f.docker.ContainerRemove(context.Background(), f.id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	return errors.Join(err, f.docker.Close())
}

func (f *Forge) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last string
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL+"/api/healthz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if last = resp.Status; resp.StatusCode == http.StatusOK {
				return nil
			}
		} else {
			last = err.Error()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the forge: no health in %s, last answer: %s\n%s", startTimeout, last, f.logs())
		}
	}
}

func (f *Forge) logs() string {
	body, err := f.docker.ContainerLogs(context.Background(), f.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: "30"})
	if err != nil {
		return err.Error()
	}
	defer body.Close()
	data, _ := io.ReadAll(body)
	return string(data)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
