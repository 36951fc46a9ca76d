package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cgroup is where the kernel accounts for a container: its folder in the tree of
// each controller, or the one folder of version 2.
type cgroup struct{ cpuDir, memoryDir string }

const cgroupRoot = "/sys/fs/cgroup"

// cgroup finds a container's group by its first process, as the kernel has it.
func (b *bench) cgroup(ctx context.Context, id string) (cgroup, error) {
	info, err := b.docker.ContainerInspect(ctx, id)
	if err != nil {
		return cgroup{}, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", info.State.Pid))
	if err != nil {
		return cgroup{}, fmt.Errorf("finding the control group of %s: %w", info.Name, err)
	}
	return parseCgroup(string(text), b.machine.CgroupLevel == "2")
}

// parseCgroup reads a process's groups, one a line: number:controllers:folder.
func parseCgroup(text string, unified bool) (cgroup, error) {
	var g cgroup
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		if unified && parts[1] == "" {
			dir := filepath.Join(cgroupRoot, parts[2])
			return cgroup{dir, dir}, nil
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			switch dir := filepath.Join(cgroupRoot, parts[1], parts[2]); controller {
			case "cpuacct":
				g.cpuDir = dir
			case "memory":
				g.memoryDir = dir
			}
		}
	}
	if g.cpuDir == "" || g.memoryDir == "" {
		return g, fmt.Errorf("finding the controllers of memory and processor time in %q", text)
	}
	return g, nil
}

// cpu is the processor time that the group has had.
func (g cgroup) cpu() (time.Duration, error) {
	if text, err := os.ReadFile(filepath.Join(g.cpuDir, "cpuacct.usage")); err == nil {
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		return time.Duration(n), err
	}
	values, err := statFile(filepath.Join(g.cpuDir, "cpu.stat"))
	return time.Duration(values["usage_usec"]) * time.Microsecond, err
}

// memory is what the group holds without the page cache, in bytes.
func (g cgroup) memory() (float64, error) {
	values, err := statFile(filepath.Join(g.memoryDir, "memory.stat"))
	if err != nil {
		return 0, err
	}
	if rss, ok := values["total_rss"]; ok {
		return float64(rss + values["total_swap"]), nil
	}
	return float64(values["anon"] + values["kernel"]), nil
}

// statFile reads a file of names and numbers.
func statFile(path string) (map[string]int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			values[name] = n
		}
	}
	return values, nil
}
