package jobengine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ociwrapper"
)

// trust are the certificates that jobs trust besides those of their images.
type trust struct {
	given string // file with the stack's certificates; there may be none
	own   string // file with the certificates that the job engine's image trusts
	dir   string // the directory that containers see
}

// defaultTrust are the paths in a job engine's container. Jobs can read the directory, and
// cannot write there.
var defaultTrust = trust{
	given: "/opt/gitops-pipeline/certificates/stack.pem",
	own:   "/etc/ssl/certs/ca-certificates.crt",
	dir:   "/usr/local/share/trust",
}

// trustMount is where containers see the directory.
const trustMount = "/dev/trust"

const bundleName = "certificates.pem" // all certificates, those of the job engine's image included

// optOut keeps a container's loopback addresses its own.
const optOut = "GITOPS_PIPELINE_FORGE_ON_LOCALHOST=false"

// write makes the directory, and returns how containers see it; nil if the stack has no
// certificates.
func (t trust) write() (*ociwrapper.Mount, error) {
	given, err := os.ReadFile(t.given)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for jobs: %w", err)
	}
	own, err := os.ReadFile(t.own)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates of the job engine's image: %w", err)
	}
	bundle := trustMount + "/" + bundleName
	for name, text := range map[string]string{
		bundleName: strings.TrimRight(string(own), "\n") + "\n" + string(given),
		"wgetrc":   "ca_certificate = " + bundle + "\n",
		"apt.conf": fmt.Sprintf("Acquire::https::CaInfo %q;\n", bundle),
	} {
		if err := os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("writing the certificates for jobs: %w", err)
		}
	}
	return &ociwrapper.Mount{Source: t.dir, Destination: trustMount, Environment: map[string]string{
		"SSL_CERT_FILE":       bundle, // OpenSSL, curl, Go, Python, Ruby, .NET, Rust
		"GIT_SSL_CAINFO":      bundle, // git with GnuTLS
		"REQUESTS_CA_BUNDLE":  bundle, // Python's requests and pip
		"NODE_EXTRA_CA_CERTS": bundle,
		"WGETRC":              trustMount + "/wgetrc",
		"APT_CONFIG":          trustMount + "/apt.conf",
	}}, nil
}

// containers are what all containers on the job engine behind a link get.
func containers(c Config, link network.Link, trust *ociwrapper.Mount) ociwrapper.Config {
	wrapper := ociwrapper.Config{Environment: c.Environment, Mount: trust}
	if address := c.Forge.LoopbackAddress(); address != "" {
		command := []string{"/usr/local/bin/jobengine", network.LocalhostCommand, address, link.Outside.String()}
		wrapper.Hook = &ociwrapper.Hook{Unless: optOut, Command: append(command, slices.Sorted(maps.Keys(c.Forge.Ports()))...)}
	}
	return wrapper
}

// environment is the environment of the Docker engine for jobs, which trusts what jobs trust.
func (o *outer) environment(environ []string) []string {
	env := forJobs(environ)
	if o.trust != nil && !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "SSL_CERT_FILE=") }) {
		env = append(env, "SSL_CERT_FILE="+filepath.Join(o.trust.Source, bundleName))
	}
	return env
}
