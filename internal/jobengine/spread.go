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
// (chattr +T). By default a new job engine's files go where those of the last one were removed, and
// for a minute or more ext4 passes over each removed inode for each new file: 3,000 files then
// take 1.2 s instead of 0.14 s. Other file systems have no such flag, and need none.
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
