//go:build linux

package jobengine

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// topDir is FS_TOPDIR_FL of linux/fs.h, which golang.org/x/sys leaves out.
const topDir = 0x00020000

// spread has ext4 place what is below each directory of dir in a part of the disk of its own
// (chattr +T). By default a new job engine's files go where those of the last one were removed. An
// ext4 without a journal does not use a removed inode for some minutes, and passes over all of
// them for each new file (recently_deleted in Linux's fs/ext4/ialloc.c): 3,000 files then took 1.2 s,
// and 0.14 s with the flag. Other file systems have no such flag.
func spread(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags|topDir))
	}
	if err == nil || errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return fmt.Errorf("spreading the directories in %s: %w", dir, err)
}
