package key

import (
	"io/fs"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/recent"
)

// stamp is what the system says of a file without reading it.
type stamp struct {
	size     int64
	modified int64 // nanoseconds since 1970; anyone may set it
	changed  int64 // the same, of content or anything else; nobody can set it. 0 where the system has none
	dev, ino uint64
}

// stampOf makes a stamp of what the system said.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	s.fill(info)
	return s
}

// unsettled is how old the last change of a file has to be for its stamp to mean
// anything: greater than the coarsest unit of file times there is (2 s on FAT),
// since a second change within one unit leaves the stamp as it is.
const unsettled = 3 * time.Second

// clock is the time that files are stamped by. A variable for tests only.
var clock = time.Now

// settled reports whether changes from now on are certain to show in the stamp.
func (s *stamp) settled(now time.Time) bool {
	last := s.modified
	if s.changed != 0 {
		last = s.changed
	}
	return last < now.Add(-unsettled).UnixNano()
}

// place is a state of a file: as long as the file has the stamp, it has the
// content that it had.
type place struct {
	path string
	stamp
}

// remembered maps places to digests: a few MiB, by the length of the paths.
var remembered = recent.Map[place, digest]{Half: halfRemembered}

const halfRemembered = 1 << 14

// queues let one goroutine at a time read a file. Different files seldom have to
// wait for each other.
type queues [64]sync.Mutex

var reading queues

func (q *queues) of(path string) *sync.Mutex {
	return &q[hashString(path, origin)%uint64(len(q))]
}
