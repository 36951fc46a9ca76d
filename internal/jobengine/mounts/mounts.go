//go:build linux

// Package mounts changes the file system that a job engine's processes see.
package mounts

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Private runs f in a new mount namespace, a copy of this process's. Only f and the
// processes that it starts see what f mounts. The namespace belongs to f's thread: f must
// not start a goroutine that depends on it.
func Private(f func() error) error {
	result := make(chan error, 1)
	go func() {
		// The thread is not unlocked, so that it ends with this goroutine.
		runtime.LockOSThread()
		result <- func() error {
			if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
				return fmt.Errorf("making a mount namespace: %w", err)
			}
			if err := PrivateTree(); err != nil {
				return err
			}
			return f()
		}()
	}()
	return <-result
}

// PrivateTree stops the propagation of mounts to and from other mount namespaces.
func PrivateTree() error { return mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }

// Bind mounts the directory or file at source on target.
func Bind(source, target string) error { return mount(source, target, "", unix.MS_BIND, "") }

// BindReadOnly mounts source on target, read-only.
func BindReadOnly(source, target string) error {
	if err := Bind(source, target); err != nil {
		return err
	}
	return ReadOnly(target)
}

// Proc mounts a proc file system of this process's PID namespace on target.
func Proc(target string) error { return mount("proc", target, "proc", 0, "") }

// Tmpfs mounts an empty tmpfs on target, with a mode such as 0755.
func Tmpfs(target, mode string) error { return mount("tmpfs", target, "tmpfs", 0, "mode="+mode) }

// ReadOnly makes the mount at target read-only in this namespace, and keeps its other options.
func ReadOnly(target string) error { return remount(target, unix.MS_BIND|unix.MS_RDONLY) }

// Writable reverses ReadOnly.
func Writable(target string) error { return remount(target, unix.MS_BIND) }

// remount changes the options of a mount. The kernel drops all options that are not given,
// so remount repeats the existing ones.
func remount(target string, flags uintptr) error {
	var s unix.Statfs_t
	if err := unix.Statfs(target, &s); err != nil {
		return fmt.Errorf("looking at the mount %s: %w", target, err)
	}
	return mount("", target, "", unix.MS_REMOUNT|flags|kept(s.Flags), "")
}

// kept maps the statfs flags that a remount keeps to flags of mount.
func kept(statfs int64) (flags uintptr) {
	for _, f := range []struct {
		statfs int64
		mount  uintptr
	}{
		{unix.ST_NOSUID, unix.MS_NOSUID}, {unix.ST_NODEV, unix.MS_NODEV}, {unix.ST_NOEXEC, unix.MS_NOEXEC},
		{unix.ST_NOATIME, unix.MS_NOATIME}, {unix.ST_NODIRATIME, unix.MS_NODIRATIME}, {unix.ST_RELATIME, unix.MS_RELATIME},
	} {
		if statfs&f.statfs != 0 {
			flags |= f.mount
		}
	}
	return flags
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %q on %s (flags %#x): %w", source, target, flags, err)
	}
	return nil
}

// Uncover removes the mounts by which Docker hides parts of /proc and /sys. A user
// namespace may mount proc and sysfs only if its parent sees all of them. This exposes
// nothing: the files belong to the host's root, which the namespace's root is not.
func Uncover() error {
	all, err := mountinfo.GetMounts(nil)
	if err != nil {
		return fmt.Errorf("reading the mount table: %w", err)
	}
	for _, target := range covers(all) {
		if err := unix.Unmount(target, 0); err != nil {
			return fmt.Errorf("uncovering %s: %w", target, err)
		}
	}
	return remount("/sys", 0)
}

// covers returns the mount points to remove, the topmost first.
func covers(all []*mountinfo.Info) []string {
	var found []string
	for _, m := range all {
		below := strings.HasPrefix(m.Mountpoint, "/proc/") || strings.HasPrefix(m.Mountpoint, "/sys/")
		if below && !strings.HasPrefix(m.Mountpoint, "/sys/fs/cgroup") {
			found = append(found, m.Mountpoint)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(b, a) })
	return found
}
