package stack

import (
	"maps"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
)

// proxyEnvironment are the variables by which a container's programs find the
// proxies, if there are any. The forge is asked directly under each of its names.
func proxyEnvironment(cfg config.Config) []string {
	env := cfg.ProxyEnvironment(forgeAlias)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// jobEngineProxy is what a job engine needs of the proxies beside the variables for
// its pulls: jobs reach the proxies whatever addresses these have.
func jobEngineProxy(cfg config.Config) []string {
	addresses := cfg.Proxy.Addresses()
	if len(addresses) == 0 {
		return nil
	}
	return append(proxyEnvironment(cfg), "PROXY="+strings.Join(addresses, ","))
}
