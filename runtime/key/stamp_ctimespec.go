//go:build darwin || freebsd || netbsd

package key

import (
	"io/fs"
	"syscall"
)

// dontBlock is for opening what was a file a moment ago and is a pipe by now.
const dontBlock = syscall.O_NONBLOCK

// fill adds what only some systems know.
func (s *stamp) fill(info fs.FileInfo) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.changed = int64(st.Ctimespec.Sec)*1e9 + int64(st.Ctimespec.Nsec)
		s.dev, s.ino = uint64(st.Dev), uint64(st.Ino)
	}
}

// at is the state s of the file at path.
func (s stamp) at(path string) (place, error) { return place{path, s}, nil }
