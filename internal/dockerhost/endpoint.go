package dockerhost

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cliconfig "github.com/docker/cli/cli/config"
	clicontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/cli/opts"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// DefaultHost is the address of this machine's own Docker host.
const DefaultHost = client.DefaultDockerHost

// defaultContext is the name under which the Docker CLI keeps no context: DOCKER_HOST or DefaultHost count.
const defaultContext = "default"

// Endpoint is the Docker host that `docker ps` would ask.
type Endpoint struct {
	Host   string // such as unix:///var/run/docker.sock or ssh://root@example.org
	Source string // where the address comes from, such as DOCKER_HOST or the context "x"

	context  string // the name of the context; "" for DOCKER_HOST and the default
	endpoint docker.Endpoint
	certs    string // the directory of ca.pem, cert.pem and key.pem; "" without TLS
	headers  map[string]string
}

// ResolveEndpoint finds the Docker host as the Docker CLI does: DOCKER_HOST,
// else the context that DOCKER_CONTEXT names, else the CLI's current context,
// else this machine's own Docker host.
func ResolveEndpoint() (Endpoint, error) {
	directory, err := configDirectory()
	if err != nil {
		return Endpoint{}, err
	}
	cfg, err := cliconfig.Load(directory)
	if err != nil {
		return Endpoint{}, problem.New("reading the Docker CLI's configuration", err,
			"correct "+filepath.Join(directory, cliconfig.ConfigFileName)+"; `docker ps` needs it too")
	}
	var e Endpoint
	name, source := os.Getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		name, source = cfg.CurrentContext, "the Docker CLI's current context"
	}
	switch {
	case os.Getenv(client.EnvOverrideHost) != "":
		e, err = fromEnvironment(directory, os.Getenv(client.EnvOverrideHost), "DOCKER_HOST")
	case name == "" || name == defaultContext:
		e, err = fromEnvironment(directory, "", "the default")
	default:
		e, err = fromContext(directory, name, source)
	}
	e.headers = cfg.HTTPHeaders
	return e, err
}

func configDirectory() (string, error) {
	if directory := os.Getenv(cliconfig.EnvOverrideConfigDir); directory != "" {
		return directory, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", problem.New("finding the Docker CLI's configuration", err, "set HOME, or DOCKER_CONFIG")
	}
	return filepath.Join(home, ".docker"), nil
}

func fromEnvironment(directory, host, source string) (Endpoint, error) {
	secure := os.Getenv("DOCKER_TLS") != "" || os.Getenv(client.EnvTLSVerify) != ""
	host, err := opts.ParseHost(secure, host)
	if err != nil {
		return Endpoint{}, problem.New("reading DOCKER_HOST", err, "correct DOCKER_HOST, or unset it")
	}
	e := Endpoint{Host: host, Source: source}
	e.endpoint.Host = host
	if !secure {
		return e, nil
	}
	if e.certs = os.Getenv(client.EnvOverrideCertPath); e.certs == "" {
		e.certs = directory
	}
	e.endpoint.SkipTLSVerify = os.Getenv(client.EnvTLSVerify) == ""
	files := []string{"ca.pem", "cert.pem", "key.pem"}
	for i, file := range files {
		// A file that is missing counts as not given, as for the Docker CLI.
		if files[i] = filepath.Join(e.certs, file); !exists(files[i]) {
			files[i] = ""
		}
	}
	if e.endpoint.TLSData, err = clicontext.TLSDataFromFiles(files[0], files[1], files[2]); err != nil {
		return e, problem.New("reading the TLS material of DOCKER_HOST", err, "correct DOCKER_CERT_PATH")
	}
	return e, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func fromContext(directory, name, source string) (Endpoint, error) {
	broken := func(err error) (Endpoint, error) {
		return Endpoint{}, problem.New(fmt.Sprintf("using the Docker context %q (from %s)", name, source), err,
			"see `docker context ls`; choose another with `docker context use default`, or with DOCKER_CONTEXT or DOCKER_HOST")
	}
	s := store.New(filepath.Join(directory, "contexts"), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} })))
	metadata, err := s.GetMetadata(name)
	if err != nil {
		return broken(err)
	}
	meta, err := docker.EndpointFromContext(metadata)
	if err != nil {
		return broken(err)
	}
	if meta.Host == "" {
		return broken(errors.New("it names no Docker host"))
	}
	e := Endpoint{Host: meta.Host, Source: fmt.Sprintf("the context %q", name), context: name}
	if e.endpoint, err = docker.WithTLSData(s, name, meta); err != nil {
		return broken(err)
	}
	if e.endpoint.TLSData != nil {
		e.certs = filepath.Join(s.GetStorageInfo(name).TLSPath, docker.DockerEndpoint)
	}
	return e, nil
}

// Client returns a client of the endpoint's Docker host. It sends no request yet.
func (e Endpoint) Client() (*client.Client, error) {
	options, err := e.endpoint.ClientOpts()
	if err == nil {
		if len(e.headers) > 0 {
			options = append(options, client.WithHTTPHeaders(e.headers))
		}
		var cli *client.Client
		if cli, err = client.NewClientWithOpts(options...); err == nil {
			return cli, nil
		}
	}
	return nil, problem.New(fmt.Sprintf("using the Docker host %s (from %s)", e.Host, e.Source), err, "correct it, or choose another: docker context ls")
}

// NewClient returns a client of the Docker host that `docker ps` would ask.
func NewClient() (*client.Client, error) {
	e, err := ResolveEndpoint()
	if err != nil {
		return nil, err
	}
	return e.Client()
}

// Environment makes another program use this endpoint: the Pulumi docker
// provider, which reads neither the CLI's configuration nor TLS material of a
// context, and whatever this program starts.
func (e Endpoint) Environment() (map[string]string, error) {
	env := map[string]string{"DOCKER_HOST": e.Host}
	for _, other := range []string{
		"DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH",
		"DOCKER_CA_MATERIAL", "DOCKER_CERT_MATERIAL", "DOCKER_KEY_MATERIAL",
	} {
		env[other] = ""
	}
	tls := e.endpoint.TLSData
	switch {
	case !strings.HasPrefix(e.Host, "tcp:") && !strings.HasPrefix(e.Host, "http"), tls == nil && !e.endpoint.SkipTLSVerify:
		return env, nil
	case tls != nil && tls.CA != nil && tls.Cert != nil && tls.Key != nil && !e.endpoint.SkipTLSVerify:
		env["DOCKER_CERT_PATH"], env["DOCKER_TLS_VERIFY"] = e.certs, "1"
		return env, nil
	default:
		return nil, problem.New(fmt.Sprintf("handing the Docker host %s (from %s) to Pulumi", e.Host, e.Source),
			errors.New("Pulumi's docker provider takes ca.pem, cert.pem and key.pem together and verifies with them; one is missing, or verifying is off"),
			"give the context all three files and let it verify, or use ssh://")
	}
}

// Local tells whether the Docker host is this machine: behind a Unix socket, or
// on a loopback address of a machine that has this one's name.
func (e Endpoint) Local(info system.Info) bool {
	address, err := url.Parse(e.Host)
	if err != nil {
		return false
	}
	if slices.Contains([]string{"unix", "npipe", "fd"}, address.Scheme) {
		return true
	}
	ip := net.ParseIP(address.Hostname())
	if address.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return false
	}
	name, err := os.Hostname()
	return err == nil && name == info.Name
}
