//go:build linux

package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FreeMemory returns how many bytes of memory the container can still use, by its own
// limit and by what the machine has. root is Root, and meminfo is /proc/meminfo.
func FreeMemory(root, meminfo string) (uint64, error) {
	free, err := machineMemory(meminfo)
	if err != nil {
		return 0, fmt.Errorf("reading the machine's free memory: %w", err)
	}
	for _, files := range []struct{ limit, used, stat, cache string }{
		{"memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"}, // version 1
		{"memory.max", "memory.current", "memory.stat", "inactive_file"},                                              // version 2
	} {
		limit, err := number(filepath.Join(root, files.limit))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("reading the container's memory limit: %w", err)
		}
		used, err := number(filepath.Join(root, files.used))
		if err != nil {
			return 0, fmt.Errorf("reading the container's use of memory: %w", err)
		}
		// The kernel can drop inactive files, as in MemAvailable.
		cache, err := entry(filepath.Join(root, files.stat), files.cache)
		if err != nil {
			return 0, fmt.Errorf("reading the container's use of memory: %w", err)
		}
		used -= min(used, cache)
		free = min(free, limit-min(limit, used))
	}
	return free, nil
}

// number reads a file with one number; max means no limit.
func number(path string) (uint64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	text := strings.TrimSpace(string(data))
	if text == "max" {
		return math.MaxUint64, nil
	}
	return strconv.ParseUint(text, 10, 64)
}

// machineMemory reads MemAvailable, which meminfo has in kB.
func machineMemory(meminfo string) (uint64, error) {
	kilobytes, err := entry(meminfo, "MemAvailable:")
	return kilobytes << 10, err
}

// entry is the number that follows a name in a file of lines.
func entry(path, name string) (uint64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == name {
			return strconv.ParseUint(fields[1], 10, 64)
		}
	}
	return 0, errors.Join(fmt.Errorf("%s has no line %s", path, name), lines.Err())
}
