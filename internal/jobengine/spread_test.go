//go:build linux

package jobengine

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// ext4Magic is the type of ext2, ext3 and ext4 (statfs(2)).
const ext4Magic = 0xef53

func TestSpread(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := spread(dir); err != nil {
		t.Fatal(err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type != ext4Magic {
		t.Skip("not on ext4")
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS); err != nil || flags&topDir == 0 {
		t.Errorf("got the flags %#x, %v, want %#x among them", flags, err, topDir)
	}
}

func TestSpreadOnAnotherFileSystem(t *testing.T) {
	t.Parallel()
	if err := spread("/proc/self"); err != nil {
		t.Errorf("got %v where there is no such flag, want nothing", err)
	}
}
