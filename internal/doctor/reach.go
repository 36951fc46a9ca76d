package doctor

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// dockerHost checks what a Docker host that is not this machine's ordinary one
// needs: Pulumi's docker provider must work on it, this machine must reach the
// forge there, and jobs its socket.
func dockerHost(ctx context.Context, s Settings, facts dockerhost.Facts) []Result {
	if s.ConfigError != nil {
		return nil
	}
	return slices.Concat(providerHost(s, facts), remoteForge(ctx, s, facts), hostSocket(s, facts))
}

// providerHost looks for keys of Pulumi's docker provider that name another Docker host.
func providerHost(s Settings, facts dockerhost.Facts) []Result {
	const name = "docker provider"
	values, err := config.Namespace(s.Project, s.Stack, "docker")
	var env map[string]string
	if err == nil {
		env, err = facts.Endpoint.Environment() // the launcher hands it to Pulumi
	}
	if err == nil {
		err = facts.Endpoint.CheckProvider(values, func(name string) string { return env[name] })
	}
	if err != nil {
		return []Result{{name, Failed, err.Error(), problem.Next(err)}}
	}
	return nil
}

// remoteForge checks that this machine will reach the forge, which listens on the Docker host.
func remoteForge(ctx context.Context, s Settings, facts dockerhost.Facts) []Result {
	const name = "remote Docker host"
	if facts.Local() {
		return nil
	}
	address, err := netip.ParseAddr(s.Config.BindAddress)
	if err != nil || !address.IsLoopback() && !address.IsUnspecified() {
		return []Result{{name, Info, fmt.Sprintf("the forge will listen on %s there, which this machine must reach", s.Config.BindAddress), ""}}
	}
	local := strings.TrimPrefix(s.Config.LocalURL(), "http://")
	dialer := net.Dialer{Timeout: time.Second}
	if conn, err := dialer.DialContext(ctx, "tcp", local); err == nil {
		_ = conn.Close()
		return []Result{{name, Info, local + " on this machine is taken for a forward to the forge", ""}}
	}
	there := "the Docker host"
	if u, err := url.Parse(facts.Host); err == nil && u.Hostname() != "" {
		there = u.Hostname()
	}
	port := strconv.Itoa(s.Config.HTTPPort)
	return []Result{{name, Failed,
		fmt.Sprintf("the forge would listen on %s of %s, and this machine would look for it at %s of its own", s.Config.BindAddress, there, local),
		fmt.Sprintf("pipeline up --stack %s -c bindAddress=<an address of %s that this machine reaches> -c host=<its name or that address>; or forward the port first: ssh -N -L %s:127.0.0.1:%s %s",
			s.Stack, there, port, port, there)}}
}

// hostSocket refuses runner.engine=host where the socket that jobs get is not the Docker host's.
func hostSocket(s Settings, facts dockerhost.Facts) []Result {
	if s.Config.Runner.Engine != config.EngineHost || !slices.ContainsFunc(facts.Info.SecurityOptions, isRootless) {
		return nil
	}
	return []Result{{"runner.engine=host", Failed,
		"Docker is rootless, and jobs would get /var/run/docker.sock, which is not its socket",
		fmt.Sprintf("give jobs their own job engine: pipeline up --stack %s -c runner.engine=own", s.Stack)}}
}

func isRootless(option string) bool { return option == "name=rootless" || option == "rootless" }

// registryTrust checks that the Docker host uses plain HTTP with the forge's
// registry, as the forge does. Docker trusts loopback addresses, but since
// Docker 29.10 only where insecure-registries is not set; what it reports counts.
func registryTrust(ctx context.Context, s Settings, facts dockerhost.Facts, lookup func(ctx context.Context, host string) ([]string, error)) []Result {
	const name = "registry access"
	trusted := facts.Info.RegistryConfig
	if s.ConfigError != nil || trusted == nil {
		return nil
	}
	registry := s.Config.Registry()
	ok := Result{name, OK, "the Docker host pulls from " + registry + " by plain HTTP", ""}
	if index := trusted.IndexConfigs[registry]; index != nil {
		if !index.Secure {
			return []Result{ok}
		}
	} else {
		addresses, err := lookup(ctx, s.Config.Host)
		if err != nil {
			addresses = nil // as Docker does, which trusts no name that it cannot resolve
		}
		for _, address := range addresses {
			ip := net.ParseIP(address)
			for _, network := range trusted.InsecureRegistryCIDRs {
				if network != nil && (*net.IPNet)(network).Contains(ip) {
					return []Result{ok}
				}
			}
		}
	}
	why := "it is not among its insecure registries"
	if s.Config.Loopback() {
		why = "loopback addresses are not among its insecure registries; since Docker 29.10 they have to be listed where others are"
	}
	return []Result{{name, Failed, fmt.Sprintf("the Docker host would ask %s for TLS, which the forge does not speak: %s", registry, why),
		fmt.Sprintf(`add %q to "insecure-registries" in the Docker host's /etc/docker/daemon.json, then: systemctl reload docker`, registry)}}
}

// lookupHost resolves a host name as Docker on this machine does.
func lookupHost(ctx context.Context, host string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	return net.DefaultResolver.LookupHost(ctx, host)
}
