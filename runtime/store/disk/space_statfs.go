//go:build linux || darwin || freebsd

package disk

import (
	"math"
	"syscall"
)

// diskSpace returns how many bytes are free for this user on the disk of a directory, and how
// large it is.
func diskSpace(dir string) (free, total int64) {
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil {
		return math.MaxInt64, math.MaxInt64
	}
	return max(0, int64(fs.Bavail)) * int64(fs.Bsize), int64(fs.Blocks) * int64(fs.Bsize)
}
