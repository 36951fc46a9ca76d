package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Usage is the processor time and the memory that a container uses.
type Usage struct {
	Role   naming.Role
	CPU    time.Duration // since it started
	Memory float64       // bytes without the page cache
	At     time.Time
}

// Usage reads the usage of the stack's containers from Docker's statistics.
func (s *Stack) Usage(ctx context.Context) ([]Usage, error) {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Name, naming.Forge, naming.JobEngine, naming.Runner)
	if err != nil {
		return nil, err
	}
	var all []Usage
	for _, c := range list {
		reader, err := s.Docker.ContainerStatsOneShot(ctx, c.ID)
		if err != nil {
			return nil, fmt.Errorf("reading the statistics of %s: %w", c.Name, err)
		}
		var stats container.StatsResponse
		err = json.NewDecoder(reader.Body).Decode(&stats)
		reader.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("reading the statistics of %s: %w", c.Name, err)
		}
		// The first two names are those of cgroup v1, the others those of cgroup v2.
		memory := stats.MemoryStats.Stats
		held := memory["total_rss"] + memory["total_swap"] + memory["anon"] + memory["kernel"]
		all = append(all, Usage{c.Role, time.Duration(stats.CPUStats.CPUUsage.TotalUsage), float64(held), stats.Read})
	}
	return all, nil
}

// RunnerReady waits until a runner takes jobs after the given time, and returns since when.
func (s *Stack) RunnerReady(ctx context.Context, after time.Time) (at time.Time, err error) {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Name, naming.Runner)
	if err != nil || len(list) == 0 {
		return at, errors.Join(fmt.Errorf("finding the runner of stack %s", s.Name), err)
	}
	err = poll(ctx, 2*time.Minute, "the runner", func() (bool, error) {
		log, err := dockerhost.Log(ctx, s.Docker, list[0].ID, after.UTC().Format(time.RFC3339Nano), "")
		for line := range strings.Lines(log) {
			stamp, rest, _ := strings.Cut(line, " ")
			at, _ = time.Parse(time.RFC3339Nano, stamp)
			if at.After(after) && strings.Contains(rest, declared) {
				return true, nil
			}
		}
		return false, err
	})
	return at, err
}

// declared is what a runner logs when the forge has accepted it.
const declared = "declare successfully"
