// Package doctor checks whether this machine and its Docker host can run the
// stack, and says for each failed check how to fix it.
package doctor

import (
	"context"
	"os"
	"sync"

	"github.com/docker/docker/client"
	"github.com/docker/go-units"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// State is the outcome of a check.
type State string

// The states. Only Failed keeps `up` from starting.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failed  State = "failed"
	Info    State = "info"
)

// Result is one check's outcome.
type Result struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"` // how to fix it
}

// Settings are what the checks look for.
type Settings struct {
	Project     project.Project
	Stack       string
	Config      config.Config
	MinDisk     int64 // bytes that must be free
	ConfigError error // what is wrong with the stack's configuration
	Reach       bool  // also ask what can be reached
}

// MinDiskVariable overrides DefaultMinDisk.
const MinDiskVariable = "GITOPS_PIPELINE_MIN_DISK"

// DefaultMinDisk is room for the images, the Go caches and a few published images.
const DefaultMinDisk = "5GiB"

// MinDisk reads a size such as 20GiB: the flag's, else the environment's, else the default.
func MinDisk(flag string) (int64, error) {
	for _, text := range []string{flag, os.Getenv(MinDiskVariable), DefaultMinDisk} {
		if text == "" {
			continue
		}
		size, err := units.RAMInBytes(text)
		if err != nil {
			return 0, problem.New("reading the size "+text, err, "write it like 20GiB")
		}
		return size, nil
	}
	return 0, nil
}

// Run runs every check. The order of the results is fixed.
func Run(ctx context.Context, s Settings) []Result {
	cli, facts, err := dockerhost.Connect(ctx)
	if cli != nil {
		defer func() { _ = cli.Close() }()
	}
	checks := []func() []Result{
		func() []Result { return []Result{configuration(s)} },
		func() []Result { return dockerHostResults(facts, err) },
		func() []Result { return Disks(s, facts) },
		func() []Result { return ports(ctx, s, cli, facts) },
		func() []Result { return tools() },
		func() []Result { return []Result{locks(s)} },
	}
	if cli != nil {
		checks = append(checks,
			func() []Result { return dockerHost(ctx, s, facts) },
			func() []Result { return registryTrust(ctx, s, facts, lookupHost) },
			func() []Result { return proxies(ctx, s, facts) })
	}
	if s.Reach && cli != nil {
		checks = append(checks, func() []Result { return []Result{officialImages(ctx, s, cli)} })
	}
	if s.Reach {
		checks = append(checks, func() []Result { return []Result{state(ctx, s, cli)} })
	}
	found := make([][]Result, len(checks))
	var wait sync.WaitGroup
	for i, check := range checks {
		wait.Go(func() { found[i] = check() })
	}
	wait.Wait()
	var results []Result
	for _, some := range found {
		results = append(results, some...)
	}
	return results
}

// AnyFailed tells whether a check failed.
func AnyFailed(results []Result) bool {
	for _, r := range results {
		if r.State == Failed {
			return true
		}
	}
	return false
}

func configuration(s Settings) Result {
	if s.ConfigError != nil {
		next := problem.Next(s.ConfigError)
		if next == "" {
			next = "correct it in Pulumi." + s.Stack + ".yaml, or with: pipeline up --stack " + s.Stack + " -c key=value"
		}
		return Result{"configuration", Failed, s.ConfigError.Error(), next}
	}
	return Result{"configuration", OK, "valid", ""}
}

// officialImages checks whether the Docker host has or can get the official
// images, which only images=official cannot do without.
func officialImages(ctx context.Context, s Settings, cli *client.Client) Result {
	const name = "official images"
	err := images.OfficialAvailable(ctx, s.Project.Root, cli)
	switch {
	case err == nil:
		return Result{name, Info, "the Docker host can get each of them", ""}
	case s.Config.Images == config.ImagesOfficial:
		return Result{name, Failed, err.Error(), "give the Docker daemon a way to the registry (its proxy or mirror), or build from source: pulumi config set images source"}
	}
	return Result{name, Info, err.Error() + "; images are built from source", ""}
}
