package stack

import (
	"maps"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/engineproxy"
)

// runnerConfig is gitea-runner's configuration file.
func runnerConfig(cfg config.Config, jobImage, socket string) (string, error) {
	type m = map[string]any
	job := m{"force_pull": false, "docker_host": "unix://" + socket, "docker_timeout": "1m"}
	if cfg.Runner.Fresh() {
		// The engine is the job's own: what a workflow mounts of it, it could read anyway.
		job["network"] = engineproxy.Network
		job["valid_volumes"] = []string{"**"}
	} else {
		job["network"] = "host"
		// Go's caches are volumes of the Docker engine that jobs share, so that a second job
		// compiles only what has changed.
		job["options"] = "-v go-build:/root/.cache/go-build -v go-mod:/root/go/pkg/mod"
		job["valid_volumes"] = []string{"go-build", "go-mod"}
	}
	variables := jobEnvironment(cfg)
	if url := cfg.CacheURL(); url != "" {
		variables["ACTIONS_CACHE_URL"] = url
	}
	data, err := yaml.Marshal(m{
		"log": m{"level": "info"},
		"runner": m{
			"file": ".runner", "capacity": cfg.Runner.Capacity,
			// A question waits in the runner's proxy for up to taskevents.Hold.
			"fetch_interval": "250ms", "fetch_interval_max": "250ms", "fetch_timeout": "30s",
			"labels": runnerLabels(cfg.Runner.Labels, jobImage),
			"envs":   variables,
		},
		"container": job,
		"cache":     m{"enabled": false}, // its own: the forge has one for all runners
		"metrics":   m{"enabled": true, "addr": "127.0.0.1:" + metricsPort},
	})
	return string(data), err
}

// runnerLabels are the labels of a runner with their images, as gitea-runner has them. It
// declares them to the forge each time it starts.
func runnerLabels(more map[string]string, jobImage string) []string {
	all := map[string]string{}
	for _, label := range config.DefaultLabels() {
		all[label] = config.JobImage
	}
	maps.Copy(all, more)
	var list []string
	for _, label := range slices.Sorted(maps.Keys(all)) {
		image := all[label]
		if image == config.JobImage {
			image = jobImage
		}
		list = append(list, label+":docker://"+image)
	}
	return list
}
