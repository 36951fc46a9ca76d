// Package engine reaches the host's Docker engine, and on Debian and Ubuntu
// installs and starts one when there is none.
package dockerhost

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// MinAPI is the oldest engine API that the pipeline works with.
const MinAPI = "1.41"

// MinVersion is the engine release that brought MinAPI.
const MinVersion = "20.10"

// Facts are what a check needs to know of an engine.
type Facts struct {
	Host       string      `json:"host"`
	Version    string      `json:"version"`
	APIVersion string      `json:"apiVersion"`
	Info       system.Info `json:"-"`
}

// ErrTooOld says that an engine answers, but with an API older than MinAPI.
var ErrTooOld = errors.New("the engine is too old")

// Connect returns a client of the engine that DOCKER_HOST names (default: the
// usual socket) and the engine's facts. It asks once, within five seconds.
func Connect(ctx context.Context) (*client.Client, Facts, error) {
	cli, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, Facts{}, problem.New("reading the Docker settings of the environment", err,
			"correct DOCKER_HOST, or unset it")
	}
	facts, err := ask(ctx, cli)
	if err != nil {
		_ = cli.Close()
		return nil, facts, err
	}
	return cli, facts, nil
}

func ask(ctx context.Context, cli *client.Client) (Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	facts := Facts{Host: cli.DaemonHost()}
	// ServerVersion negotiates only down to the client's own minimum; Ping tells the engine's API without it.
	ping, err := cli.Ping(ctx)
	if err != nil {
		return facts, problem.New("reaching the Docker engine at "+facts.Host, err,
			"start Docker, or set DOCKER_HOST; `pipeline doctor --fix` installs and starts it on Debian and Ubuntu as root")
	}
	facts.APIVersion = ping.APIVersion
	if versions.LessThan(ping.APIVersion, MinAPI) {
		return facts, problem.New("using the Docker engine at "+facts.Host,
			fmt.Errorf("%w: it speaks API %s, and API %s is needed", ErrTooOld, ping.APIVersion, MinAPI),
			"upgrade Docker to "+MinVersion+" or newer")
	}
	if facts.Info, err = cli.Info(ctx); err != nil {
		return facts, fmt.Errorf("asking the engine for its facts: %w", err)
	}
	facts.Version = facts.Info.ServerVersion
	return facts, nil
}
