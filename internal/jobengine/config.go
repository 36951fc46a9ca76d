package jobengine

import (
	"encoding/json"
	"iter"
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
	envForgePorts   = "FORGE_PORTS"   // further ports of the canonical address, and what each means, with commas, such as 2222=forge:2222
	envForgeName    = "FORGE_NAME"    // the host in the forge's canonical address: jobs reach the forge under it
	envNetwork      = "NETWORK"       // what jobs reach beside the forge: internet, all, or forge for nothing
	envProcessLimit = "PROCESS_LIMIT" // limit of processes and threads of all jobs together
	envDiskReserve  = "DISK_RESERVE"  // bytes of the disk that jobs must leave free
	envProxy        = "PROXY"         // hosts and ports of proxies, with commas; jobs reach them at any address
	envAllow        = "ALLOW"         // networks and ports, with commas; jobs reach them although the addresses are not public
	envContainers   = "CONTAINERS"    // variables for all containers of jobs, as a JSON object
)

// Config is a job engine's configuration, which its environment contains.
type Config struct {
	Forge        network.Forge
	Network      network.Policy
	ProcessLimit int
	DiskReserve  uint64
	Proxies      []string // host and port each
	Allow        []network.Destination
	Environment  map[string]string // of all containers of jobs
}

// ParseConfig reads the environment; all that is wrong with it is in the error.
func ParseConfig(getenv func(string) string) (Config, error) {
	c := Config{Forge: network.Forge{Address: getenv(envForge), Name: getenv(envForgeName)}, Network: network.Policy(getenv(envNetwork))}
	env := environment.Reader{Getenv: getenv}
	if host, port, err := net.SplitHostPort(c.Forge.Address); err != nil || host == "" || port == "" {
		env.Wrong(envForge, "a host and a port, such as forge:3000")
	}
	c.Forge.Others = map[string]string{}
	for text := range list(getenv(envForgePorts)) {
		from, target, _ := strings.Cut(text, "=")
		if host, port, err := net.SplitHostPort(target); err != nil || host == "" || port == "" || from == "" {
			env.Wrong(envForgePorts, "ports, each with a host and a port, with commas in between, such as 2222=forge:2222")
		}
		c.Forge.Others[from] = target
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
	for proxy := range list(getenv(envProxy)) {
		if _, _, err := net.SplitHostPort(proxy); err != nil {
			env.Wrong(envProxy, "hosts and ports with commas in between, such as 10.0.0.1:3128")
		}
		c.Proxies = append(c.Proxies, proxy)
	}
	for text := range list(getenv(envAllow)) {
		d, err := network.ParseDestination(text)
		if err != nil {
			env.Wrong(envAllow, "networks and ports with commas in between, such as 10.0.0.0/8:443")
		}
		c.Allow = append(c.Allow, d)
	}
	if text := getenv(envContainers); text != "" {
		if err := json.Unmarshal([]byte(text), &c.Environment); err != nil {
			env.Wrong(envContainers, "a JSON object of variables")
		}
	}
	return c, env.Err()
}

// list goes through what is between the commas of a text.
func list(text string) iter.Seq[string] {
	return strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' })
}

// forJobs returns the environment without the variables of the outer half.
func forJobs(environ []string) []string {
	own := []string{envForge, envForgePorts, envForgeName, envNetwork, envProcessLimit, envDiskReserve, envProxy, envAllow, envContainers}
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(own, name)
	})
}
