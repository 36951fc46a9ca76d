//go:build linux

// Package cgroup limits the number of processes of a job engine and its jobs, gives one of
// two job engines priority on the CPUs, and measures how much memory the container has left.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Root is the mount point of cgroups in a container.
const Root = "/sys/fs/cgroup"

// Trees returns the cgroup trees that this package needs, starting with the one that limits
// processes. Version 2 has one tree for everything. Version 1 may have no tree for CPUs;
// weights then have no effect.
func Trees(root string) []string {
	pids, cpu := filepath.Join(root, "pids"), filepath.Join(root, "cpu")
	switch {
	case exists(pids) && exists(cpu):
		return []string{pids, cpu}
	case exists(pids):
		return []string{pids}
	default:
		return []string{root}
	}
}

// Group is one cgroup in each tree. Their files stay open, so that processes can be moved
// into it and its weight can be changed after the trees are mounted read-only again.
type Group struct {
	processes []*os.File
	weight    *os.File // nil where there are no weights
	weights   weights
}

// weights are the file and the values of a group's CPU weight.
type weights struct{ file, normal, least string }

// allWeights are those of version 1 and of version 2.
var allWeights = []weights{{"cpu.shares", "1024", "2"}, {"cpu.weight", "100", "1"}}

// Limit creates one cgroup in the trees for each name, each with the same limit of processes
// and threads. A job that reaches the limit must not affect the outer half or the next job
// engine. The trees must be writable.
func Limit(trees []string, most int, names ...string) ([]*Group, error) {
	if exists(filepath.Join(trees[0], "cgroup.subtree_control")) {
		if err := delegate(trees[0]); err != nil {
			return nil, err
		}
	}
	var groups []*Group
	for _, name := range names {
		g := &Group{}
		for _, tree := range trees {
			if err := g.open(filepath.Join(tree, name)); err != nil {
				return nil, err
			}
		}
		if err := write(filepath.Join(trees[0], name, "pids.max"), strconv.Itoa(most)); err != nil {
			return nil, fmt.Errorf("limiting the processes of jobs: %w", err)
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// open creates the group's directory in one tree.
func (g *Group) open(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("creating the cgroup %s: %w", dir, err)
	}
	processes, err := os.OpenFile(filepath.Join(dir, "cgroup.procs"), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening the cgroup %s: %w", dir, err)
	}
	g.processes = append(g.processes, processes)
	for _, w := range allWeights {
		file, err := os.OpenFile(filepath.Join(dir, w.file), os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("opening the weight of the cgroup %s: %w", dir, err)
		}
		g.weight, g.weights = file, w
	}
	return nil
}

// delegate enables process limits and CPU weights for the groups of a version 2 tree. There,
// a group contains either processes or groups, so all processes are moved to a separate
// group.
func delegate(tree string) error {
	outer := filepath.Join(tree, "outer")
	if err := os.Mkdir(outer, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("creating the cgroup of the outer half: %w", err)
	}
	processes, err := os.ReadFile(filepath.Join(tree, "cgroup.procs"))
	if err != nil {
		return fmt.Errorf("reading the container's processes: %w", err)
	}
	for _, pid := range strings.Fields(string(processes)) {
		if err := write(filepath.Join(outer, "cgroup.procs"), pid); err != nil {
			return fmt.Errorf("moving process %s to the cgroup of the outer half: %w", pid, err)
		}
	}
	if err := write(filepath.Join(tree, "cgroup.subtree_control"), "+pids +cpu"); err != nil {
		return fmt.Errorf("having cgroups count and weigh processes: %w", err)
	}
	return nil
}

// Add moves a process with all its threads into the group.
func (g *Group) Add(pid int) error {
	for _, processes := range g.processes {
		if _, err := processes.WriteString(strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("moving process %d into its cgroup: %w", pid, err)
		}
	}
	return nil
}

// Yield gives the container's other processes priority on the CPUs.
func (g *Group) Yield() error { return g.weigh(g.weights.least) }

// Compete ends Yield.
func (g *Group) Compete() error { return g.weigh(g.weights.normal) }

func (g *Group) weigh(weight string) error {
	if g.weight == nil {
		return nil
	}
	if _, err := g.weight.WriteString(weight); err != nil {
		return fmt.Errorf("setting the weight of a cgroup: %w", err)
	}
	return nil
}

func write(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
