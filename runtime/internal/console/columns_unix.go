//go:build unix

package console

import (
	"os"

	"golang.org/x/sys/unix"
)

// columnsOf returns how wide the terminal is that a file is, 0 if it is none.
func columnsOf(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	switch {
	case err != nil:
		return 0
	case size.Col == 0: // it does not say
		return 80
	}
	return int(size.Col)
}
