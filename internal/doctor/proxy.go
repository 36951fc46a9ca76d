package doctor

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// proxyLimit bounds the connection to one proxy.
const proxyLimit = 2 * time.Second

// proxies checks that the configured proxies can be reached from this machine, if it is the
// Docker host. No failure: a proxy may come back, and job engines look an unknown name up
// again.
func proxies(ctx context.Context, s Settings, facts dockerhost.Facts) []Result {
	if s.ConfigError != nil || !facts.Local() {
		return nil
	}
	var results []Result
	for _, address := range s.Config.Proxy.Addresses() {
		r := Result{"proxy", OK, address + " answers", ""}
		dialer := net.Dialer{Timeout: proxyLimit}
		if conn, err := dialer.DialContext(ctx, "tcp4", address); err != nil {
			r.State = Warning
			r.Detail = fmt.Sprintf("%s, by which jobs, pulls of job engines and builds are to reach the internet, cannot be reached: %v", address, err)
			r.Next = fmt.Sprintf("start it, or correct its URL: pipeline up --stack %s -c %s=<URL>", s.Stack, proxyKey(s, address))
		} else {
			_ = conn.Close()
		}
		results = append(results, r)
	}
	return results
}

// proxyKey is the key of the configuration that an address of a proxy is from.
func proxyKey(s Settings, address string) string {
	http := config.Proxy{HTTP: s.Config.Proxy.HTTP}
	if slices.Contains(http.Addresses(), address) {
		return "proxy.http"
	}
	return "proxy.https"
}

// unknownProxies asks a job engine's container, whose name servers need not be this machine's,
// which proxies it does not know.
func unknownProxies(ctx context.Context, s StackSettings, list []dockerhost.Container, faults []readiness.Fault) []Result {
	i := slices.IndexFunc(list, func(c dockerhost.Container) bool {
		return c.Role == naming.JobEngine && broken(faults, c.Role, c.Runner) == nil
	})
	if len(s.Proxies) == 0 || i < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	why, code, err := dockerhost.Exec(ctx, s.Docker, list[i].ID, "jobengine", "proxies")
	switch {
	case err != nil:
		why = err.Error()
	case code == 0:
		return nil
	}
	return []Result{{"proxy", Warning, "jobs do not reach it: " + why,
		"correct it: pipeline up --stack " + s.Name + " -c proxy.http=<URL> -c proxy.https=<URL>; or let the Docker host's name servers know the name, which job engines look up again until they find it"}}
}
