//go:build linux

// Package cgroup limits how many processes a job engine and its jobs have, and tells
// how much memory the container has left.
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

// Root is where a container sees its cgroups.
const Root = "/sys/fs/cgroup"

// Tree is the tree of the cgroups that count processes: version 1 has one for it.
func Tree(root string) string {
	if pids := filepath.Join(root, "pids"); exists(pids) {
		return pids
	}
	return root
}

// Group is a cgroup with a limit of processes. It stays open, so that processes can
// still be moved into it once the tree is mounted read-only again.
type Group struct{ processes *os.File }

// Limit makes one cgroup in the tree for each name, each with at most so many processes
// and threads: a job that uses them up must not take the outer half along, nor the next
// job engine. The tree has to be writable.
func Limit(tree string, most int, names ...string) ([]*Group, error) {
	if exists(filepath.Join(tree, "cgroup.subtree_control")) {
		if err := delegate(tree); err != nil {
			return nil, err
		}
	}
	var groups []*Group
	for _, name := range names {
		dir := filepath.Join(tree, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("creating the cgroup %s: %w", name, err)
		}
		if err := write(filepath.Join(dir, "pids.max"), strconv.Itoa(most)); err != nil {
			return nil, fmt.Errorf("limiting the processes of jobs: %w", err)
		}
		processes, err := os.OpenFile(filepath.Join(dir, "cgroup.procs"), os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("opening the cgroup %s: %w", name, err)
		}
		groups = append(groups, &Group{processes})
	}
	return groups, nil
}

// delegate has the tree of version 2 count processes per group. There, a group has
// either processes or groups, so all processes move to a group of their own.
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
	if err := write(filepath.Join(tree, "cgroup.subtree_control"), "+pids"); err != nil {
		return fmt.Errorf("having cgroups count processes: %w", err)
	}
	return nil
}

// Add moves a process, with all its threads, into the group.
func (g *Group) Add(pid int) error {
	if _, err := g.processes.WriteString(strconv.Itoa(pid)); err != nil {
		return fmt.Errorf("moving process %d into its cgroup: %w", pid, err)
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
