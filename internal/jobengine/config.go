package jobengine

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/environment"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// The environment of a job engine's container.
const (
	envForge        = "FORGE"         // the forge's host and port on the stack's network, such as forge:3000
	envForgeName    = "FORGE_NAME"    // the host in the forge's canonical address: jobs reach the forge under it
	envNetwork      = "NETWORK"       // what jobs reach beside the forge: internet, all, or forge for nothing
	envProcessLimit = "PROCESS_LIMIT" // limit of processes and threads of all jobs together
	envDiskReserve  = "DISK_RESERVE"  // bytes of the disk that jobs must leave free
	envProxy        = "PROXY"         // hosts and ports of proxies, with commas; jobs reach them at any address
)

// Config is a job engine's configuration, which its environment contains.
type Config struct {
	Forge        network.Forge
	Network      network.Policy
	ProcessLimit int
	DiskReserve  uint64
	Proxies      []string // host and port each
}

// ParseConfig reads the environment; all that is wrong with it is in the error.
func ParseConfig(getenv func(string) string) (Config, error) {
	c := Config{Forge: network.Forge{Address: getenv(envForge), Name: getenv(envForgeName)}, Network: network.Policy(getenv(envNetwork))}
	env := environment.Reader{Getenv: getenv}
	if host, port, err := net.SplitHostPort(c.Forge.Address); err != nil || host == "" || port == "" {
		env.Wrong(envForge, "a host and a port, such as forge:3000")
	}
	if c.Forge.Name == "" {
		env.Wrong(envForgeName, "the host in the forge's address")
	}
	if !slices.Contains([]network.Policy{network.Internet, network.All, network.Nothing}, c.Network) {
		env.Wrong(envNetwork, "internet, all or forge")
	}
	var err error
	if c.ProcessLimit, err = strconv.Atoi(getenv(envProcessLimit)); err != nil || c.ProcessLimit < 1 {
		env.Wrong(envProcessLimit, "a number of processes")
	}
	if c.DiskReserve, err = strconv.ParseUint(getenv(envDiskReserve), 10, 64); err != nil {
		env.Wrong(envDiskReserve, "a number of bytes")
	}
	for proxy := range strings.SplitSeq(getenv(envProxy), ",") {
		if proxy == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(proxy); err != nil {
			env.Wrong(envProxy, "hosts and ports with commas in between, such as 10.0.0.1:3128")
		}
		c.Proxies = append(c.Proxies, proxy)
	}
	return c, env.Err()
}

// forJobs returns the environment without the variables of the outer half.
func forJobs(environ []string) []string {
	own := []string{envForge, envForgeName, envNetwork, envProcessLimit, envDiskReserve, envProxy}
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(own, name)
	})
}
