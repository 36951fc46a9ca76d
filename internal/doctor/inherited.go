package doctor

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os/exec"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/inherit"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// inherited says what jobs get from this machine.
func inherited(ctx context.Context, s Settings) []Result {
	if s.ConfigError != nil {
		return nil
	}
	mirrors := inherit.ReadMirrors(ctx)
	return slices.Concat(
		[]Result{certificates(s.Config.Runner.Certificates)},
		variables(s.Config.Runner, mirrors),
		moduleMirror(ctx, s, s.Config.Runner.JobVariables(mirrors.Environment)["GOPROXY"]))
}

// certificates says how many certificates jobs trust besides those of their images.
func certificates(choice string) Result {
	const name = "certificates"
	c, err := inherit.ReadCertificates(choice)
	if err != nil {
		return Result{name, Failed, err.Error(), problem.Next(err)}
	}
	if choice == inherit.CertificatesNone {
		return Result{name, Info, "jobs trust those of their images", ""}
	}
	r := Result{name, OK, fmt.Sprintf("jobs trust %d of this machine besides those of their images", c.Count), ""}
	if len(c.Ignored) > 0 {
		r.State, r.Next = Warning, "correct or remove these files, if jobs need them"
		r.Detail += "; no certificates were found in " + strings.Join(c.Ignored, ", ")
	}
	return r
}

// variables says which of this machine's variables jobs get.
func variables(r config.RunnerConfig, mirrors inherit.Mirrors) []Result {
	const name = "package mirrors"
	var results []Result
	var given []string
	for _, variable := range slices.Sorted(maps.Keys(mirrors.Environment)) {
		if _, own := r.Env[variable]; !own {
			given = append(given, variable)
		}
	}
	if len(given) > 0 {
		results = append(results, Result{name, OK, "jobs get " + strings.Join(given, ", ") + " of this machine", ""})
	}
	for _, variable := range slices.Sorted(maps.Keys(mirrors.Ignored)) {
		if _, own := r.Env[variable]; !own {
			results = append(results, Result{name, Info, fmt.Sprintf("jobs do not get %s of this machine: %s", variable, mirrors.Ignored[variable]),
				fmt.Sprintf("if they need it: pipeline up -c 'runner.env={%q: \"<value>\"}'", variable)})
		}
	}
	return results
}

// moduleMirror looks for a server of Go modules that the firewall would refuse to jobs, as
// its address is not public. Where the forge's container asks it for them, it does not matter.
func moduleMirror(ctx context.Context, s Settings, proxies string) []Result {
	if s.Config.ModulesURL() != "" || s.Config.Runner.Network != config.NetworkInternet || s.Config.Runner.Engine != config.EngineOwn || len(s.Config.Proxy.Addresses()) > 0 {
		return nil
	}
	if proxies == "" {
		proxies = defaultModuleProxies(ctx)
	}
	for text := range strings.FieldsFuncSeq(proxies, func(c rune) bool { return c == ',' || c == '|' }) {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			continue
		}
		if refused := refusedAddresses(ctx, s.Config.Runner.Allow, u); len(refused) > 0 {
			return []Result{{"module mirror", Warning,
				fmt.Sprintf("%s has an address that is not public, %s, which runner.network=%s refuses to jobs", u.Hostname(), refused[0], config.NetworkInternet),
				fmt.Sprintf("if jobs are to download modules there: pipeline up --stack %s -c runner.allow=%s", s.Stack, strings.Join(append(s.Config.Runner.Allow, refused...), ","))}}
		}
	}
	return nil
}

// defaultModuleProxies is what Go uses where nothing sets GOPROXY.
func defaultModuleProxies(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return "" // another check says that there is no go command
	}
	return strings.TrimSpace(string(out))
}

// refusedAddresses are the destinations, as runner.allow has them, of a server that the
// firewall refuses.
func refusedAddresses(ctx context.Context, allowed []string, u *url.URL) []string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", u.Hostname())
	if err != nil {
		return nil // another address, or none, may be known on the Docker host
	}
	var refused []string
	for _, address := range addresses {
		address = address.Unmap()
		if network.Special(address) && !covered(allowed, address, port) {
			refused = append(refused, net.JoinHostPort(address.String(), port))
		}
	}
	slices.Sort(refused)
	return slices.Compact(refused)
}

// covered is whether runner.allow has an address with a port.
func covered(allowed []string, address netip.Addr, port string) bool {
	return slices.ContainsFunc(allowed, func(text string) bool {
		d, err := network.ParseDestination(text)
		return err == nil && d.Network.Contains(address) && fmt.Sprint(d.Port) == port
	})
}
