//go:build linux

package mounts

import (
	"slices"
	"testing"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

func TestRemountKeepsWhatAMountHas(t *testing.T) {
	t.Parallel()
	got := kept(unix.ST_RDONLY | unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC | unix.ST_RELATIME)
	if want := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RELATIME); got != want {
		t.Errorf("got %#x, want %#x", got, want)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	var all []*mountinfo.Info
	for _, point := range []string{
		"/", "/proc", "/sys", "/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/proc/sys", "/proc/sys/kernel",
		"/proc/kcore", "/sys/firmware", "/process", "/run/engine",
	} {
		all = append(all, &mountinfo.Info{Mountpoint: point})
	}
	want := []string{"/sys/firmware", "/proc/sys/kernel", "/proc/sys", "/proc/kcore"}
	if got := covers(all); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
