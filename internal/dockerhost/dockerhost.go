// Package dockerhost connects to the Docker host, the same one as the Docker CLI.
// On Debian and Ubuntu it installs and starts Docker when there is none.
package dockerhost

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// MinAPI is the oldest Docker API that the pipeline works with.
const MinAPI = "1.41"

// MinVersion is the Docker release that introduced MinAPI.
const MinVersion = "20.10"

// Facts are what a check needs to know about a Docker host.
type Facts struct {
	Host       string      `json:"host"`
	Version    string      `json:"version"`
	APIVersion string      `json:"apiVersion"`
	Endpoint   Endpoint    `json:"-"`
	Info       system.Info `json:"-"`
}

// Local tells whether the Docker host is this machine.
func (f Facts) Local() bool { return f.Endpoint.Local(f.Info) }

// ErrTooOld says that a Docker host answers, but with an API older than MinAPI.
var ErrTooOld = errors.New("Docker is too old")

// Connect returns a client of the Docker host that `docker ps` would ask, and
// its facts. It asks once, within a few seconds.
func Connect(ctx context.Context) (*client.Client, Facts, error) {
	endpoint, err := ResolveEndpoint()
	if err != nil {
		return nil, Facts{}, err
	}
	facts := Facts{Host: endpoint.Host, Endpoint: endpoint}
	cli, err := endpoint.Client()
	if err != nil {
		return nil, facts, err
	}
	if facts, err = ask(ctx, cli, facts); err != nil {
		_ = cli.Close()
		return nil, facts, err
	}
	return cli, facts, nil
}

// How long a Docker host may take to answer; SSH connects and signs in for each request.
const (
	askLimit    = 5 * time.Second
	askLimitSSH = 30 * time.Second
)

func ask(ctx context.Context, cli *client.Client, facts Facts) (Facts, error) {
	limit := askLimit
	if strings.HasPrefix(facts.Host, "ssh:") {
		limit = askLimitSSH
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// ServerVersion negotiates only down to the client's own minimum; Ping tells the Docker host's API without it.
	ping, err := cli.Ping(ctx)
	if err != nil {
		next := "start Docker, or choose another Docker host with DOCKER_HOST or `docker context use`; " +
			"`pipeline doctor --fix` installs and starts it on Debian and Ubuntu as root"
		if facts.Host != DefaultHost {
			next = fmt.Sprintf("start Docker there, or choose another Docker host; this address is from %s", facts.Endpoint.Source)
		}
		return facts, problem.New("reaching the Docker host at "+facts.Host, err, next)
	}
	facts.APIVersion = ping.APIVersion
	if versions.LessThan(ping.APIVersion, MinAPI) {
		return facts, problem.New("using the Docker host at "+facts.Host,
			fmt.Errorf("%w: it speaks API %s, and API %s is needed", ErrTooOld, ping.APIVersion, MinAPI),
			"upgrade Docker to "+MinVersion+" or newer")
	}
	if facts.Info, err = cli.Info(ctx); err != nil {
		return facts, fmt.Errorf("asking the Docker host for its facts: %w", err)
	}
	facts.Version = facts.Info.ServerVersion
	return facts, nil
}
