//go:build linux

package jobengine

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestCheckDisk(t *testing.T) {
	t.Parallel()
	says := func(blocks uint64, err error) func(string, *unix.Statfs_t) error {
		return func(_ string, s *unix.Statfs_t) error {
			s.Bavail, s.Bsize = blocks, 4096
			return err
		}
	}
	if err := checkDisk("/engine", 8192, says(2, nil)); err != nil {
		t.Errorf("got %v with as much free as is reserved", err)
	}
	if err := checkDisk("/engine", 8192, says(1, nil)); err == nil {
		t.Error("a full disk is no error")
	}
	if err := checkDisk("/engine", 0, says(9, unix.EIO)); !errors.Is(err, unix.EIO) {
		t.Errorf("got %v, want that a disk that cannot be looked at is an error, even with nothing reserved", err)
	}
}
