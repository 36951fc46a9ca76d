//go:build linux

package jobengine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkDisk returns an error unless at least reserve bytes are free. If the free space
// cannot be read, it counts as none.
func checkDisk(path string, reserve uint64, statfs func(string, *unix.Statfs_t) error) error {
	var s unix.Statfs_t
	if err := statfs(path, &s); err != nil {
		return fmt.Errorf("the free disk space is unknown: reading it for %s: %w", path, err)
	}
	if free := s.Bavail * uint64(s.Bsize); free < reserve {
		return fmt.Errorf("%d bytes are free on the disk, fewer than the %d that jobs must leave", free, reserve)
	}
	return nil
}
