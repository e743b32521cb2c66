//go:build unix

package embed

import (
	"fmt"
	"os"
	"syscall"
)

// lock makes sure that no other process uses a directory.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("another process uses %s: connect to its server instead, or give this one a directory of its own", path)
	}
	return func() { _ = f.Close() }, nil
}
