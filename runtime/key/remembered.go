package key

import (
	"io/fs"
	"sync"
	"time"
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

// recall maps places to digests. Of the two halves, the younger one is added to;
// when it is full, it takes the place of the older, which is dropped but for what
// was asked for meanwhile.
type recall struct {
	mu         sync.Mutex
	young, old map[place]digest
}

// half bounds each of the halves: a few MiB, by the length of the paths.
const half = 1 << 14

var remembered recall

func (m *recall) find(at place) (d digest, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok = m.young[at]; ok {
		return d, true
	}
	if d, ok = m.old[at]; ok {
		m.add(at, d)
	}
	return d, ok
}

func (m *recall) keep(at place, d digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(at, d)
}

// add needs m.mu.
func (m *recall) add(at place, d digest) {
	if m.young == nil || len(m.young) >= half {
		m.young, m.old = map[place]digest{}, m.young
	}
	m.young[at] = d
}

// queues let one goroutine at a time read a file. Different files seldom have to
// wait for each other.
type queues [64]sync.Mutex

var reading queues

func (q *queues) of(path string) *sync.Mutex {
	return &q[hashString(path, origin)%uint64(len(q))]
}
