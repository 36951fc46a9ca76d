//go:build linux

package cgroup

import (
	"os"
	"path/filepath"
	"testing"
)

// layOut makes files in a directory that stands for a mounted tree of cgroups.
func layOut(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	} else if string(got) != want {
		t.Errorf("%s: got %q, want %q", filepath.Base(path), got, want)
	}
}

func TestLimitOfVersion1(t *testing.T) {
	t.Parallel()
	root := layOut(t, map[string]string{
		"pids/jobs-0/pids.max": "", "pids/jobs-0/cgroup.procs": "", "cpu/jobs-0/cgroup.procs": "", "cpu/jobs-0/cpu.shares": "", "memory/x": "",
	})
	groups, err := Limit(Trees(root), 4096, "jobs-0")
	if err != nil {
		t.Fatal(err)
	}
	if err := groups[0].Add(123); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(root, "pids/jobs-0/pids.max"), "4096")
	holds(t, filepath.Join(root, "pids/jobs-0/cgroup.procs"), "123")
	holds(t, filepath.Join(root, "cpu/jobs-0/cgroup.procs"), "123")
	if _, err := os.Stat(filepath.Join(root, "pids/outer")); err == nil {
		t.Error("the outer half was moved, which version 1 does not ask for")
	}
	weighs(t, groups[0], filepath.Join(root, "cpu/jobs-0/cpu.shares"), "2", "21024") // each write replaces what the kernel's file has
}

// weighs has a group yield and compete.
func weighs(t *testing.T, g *Group, file, yields, both string) {
	t.Helper()
	if err := g.Yield(); err != nil {
		t.Error(err)
	}
	holds(t, file, yields)
	if err := g.Compete(); err != nil {
		t.Error(err)
	}
	holds(t, file, both)
}

func TestLimitWithoutWeights(t *testing.T) {
	t.Parallel()
	root := layOut(t, map[string]string{"pids/jobs-0/pids.max": "", "pids/jobs-0/cgroup.procs": ""})
	groups, err := Limit(Trees(root), 4096, "jobs-0")
	if err != nil {
		t.Fatal(err)
	}
	if err := groups[0].Yield(); err != nil {
		t.Errorf("got %v where there are no weights", err)
	}
}

func TestLimitOfVersion2(t *testing.T) {
	t.Parallel()
	tree := layOut(t, map[string]string{
		"cgroup.procs": "1\n7\n", "cgroup.subtree_control": "", "outer/cgroup.procs": "",
		"jobs-0/pids.max": "", "jobs-0/cgroup.procs": "", "jobs-0/cpu.weight": "", "jobs-1/pids.max": "", "jobs-1/cgroup.procs": "", "jobs-1/cpu.weight": "",
	})
	groups, err := Limit(Trees(tree), 10, "jobs-0", "jobs-1")
	if err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(tree, "cgroup.subtree_control"), "+pids +cpu")
	holds(t, filepath.Join(tree, "outer/cgroup.procs"), "7") // the last one: the kernel's file takes one at a time
	for _, name := range []string{"jobs-0", "jobs-1"} {
		holds(t, filepath.Join(tree, name, "pids.max"), "10")
	}
	weighs(t, groups[1], filepath.Join(tree, "jobs-1/cpu.weight"), "1", "1100")
}

func TestLimitFails(t *testing.T) {
	t.Parallel()
	if _, err := Limit(Trees(layOut(t, map[string]string{"x": ""})), 10, "jobs-0"); err == nil {
		t.Error("a tree that counts no processes is no error")
	}
}

func TestFreeMemory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		want  uint64
	}{
		"no limit, version 1": {map[string]string{
			"memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/memory.usage_in_bytes": "5\n", "memory/memory.stat": "total_inactive_file 0\n"}, 2048 << 10},
		"no limit, version 2": {map[string]string{"memory.max": "max\n", "memory.current": "5\n", "memory.stat": "inactive_file 0\n"}, 2048 << 10},
		"limit, version 1": {map[string]string{
			"memory/memory.limit_in_bytes": "1000\n", "memory/memory.usage_in_bytes": "400\n",
			"memory/memory.stat": "inactive_file 7\ntotal_inactive_file 100\n"}, 700},
		"limit, version 2": {map[string]string{"memory.max": "1000\n", "memory.current": "999\n", "memory.stat": "inactive_file 99\n"}, 100},
		"over the limit":   {map[string]string{"memory.max": "1000\n", "memory.current": "1001\n", "memory.stat": "inactive_file 0\n"}, 0},
		"no cgroup":        {nil, 2048 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := layOut(t, tt.files)
			info := layOut(t, map[string]string{"meminfo": "MemTotal: 9 kB\nMemAvailable:   2048 kB\n"})
			got, err := FreeMemory(root, filepath.Join(info, "meminfo"))
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestFreeMemoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	info := layOut(t, map[string]string{"meminfo": "MemAvailable: 9 kB\n", "none": "MemTotal: 9 kB\n"})
	for name, root := range map[string]string{
		"no use":        layOut(t, map[string]string{"memory.max": "1000\n"}),
		"no statistics": layOut(t, map[string]string{"memory.max": "1000\n", "memory.current": "1\n"}),
		"not a number":  layOut(t, map[string]string{"memory.max": "much\n", "memory.current": "1\n"}),
	} {
		if _, err := FreeMemory(root, filepath.Join(info, "meminfo")); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	if _, err := FreeMemory(t.TempDir(), filepath.Join(info, "none")); err == nil {
		t.Error("no MemAvailable is no error")
	}
}
