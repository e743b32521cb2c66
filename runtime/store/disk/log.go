package disk

import (
	"os"

	sqlite3 "modernc.org/sqlite/lib"
)

// log bounds the file in which SQLite writes what is committed first. SQLite moves it
// into the database now and then, and begins it anew if nobody reads from it at that
// moment. With many readers there may never be such a moment, so once the file is
// large the writer waits for them, under the write lock: who begins to read meanwhile reads from
// the database, and is in nobody's way.
type log struct {
	path string
	next int64 // size at which it is made short; more than maxLog after that has failed
	seen int64 // size at which the room on the disk was looked at
}

const (
	logSuffix = "-wal"
	maxLog    = 8 << 20
	logStep   = 1 << 20  // how much more is written before it is tried again
	logWait   = 100      // ms that readers are waited for
	gcLogWait = 20       // the same, by the collector
	minLog    = 32 << 10 // it is not too long for any disk
)

// bound makes the log short if it is large, or if it is wanted. Nothing is lost if
// that fails.
func (l *log) bound(c *conn, wanted bool, wait int32) {
	size := sizeOf(l.path)
	if size < l.seen || size >= l.seen+l.seen/8 { // else there is as much room, about
		l.seen = size
		wanted = wanted || isCrowded(l.path, size)
	}
	if wanted || size >= max(l.next, maxLog) {
		l.shorten(c, wait)
	}
}

// sizeOf returns the size of a file, 0 if there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// shorten makes the log short, and reports whether it has become shorter. It waits for those who
// read from it, in ms.
func (l *log) shorten(c *conn, wait int32) bool {
	size := sizeOf(l.path)
	if size == 0 {
		return false
	}
	c.wait(wait)
	defer c.wait(busyTimeout)
	l.next = 0
	if busy, err := c.value(`PRAGMA wal_checkpoint(TRUNCATE)`); busy != 0 || err != nil {
		l.next = size + logStep
	}
	return sizeOf(l.path) < size
}

// wait sets how many milliseconds c waits for what others have locked.
func (c *conn) wait(ms int32) { sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, ms) }

// shmSize is more than SQLite needs of the file -shm: eight bytes per page in the log.
const shmSize = 1 << 20

// mend makes the file -shm as long as it has to be, if somebody has cut it, and empties it
// if it has become nonsense. SQLite shares
// memory through it, takes for granted that it stays there, and fails until it is. It finds
// zeros there then, and makes from the log what it needs. The write lock is held, since whoever
// is writing would go on with zeros.
func (w *writer) mend() {
	stale := w.stale
	if torn := w.torn.Swap(false); !torn && !w.c.torn && !stale {
		return
	}
	w.c.torn, w.stale = false, false
	path := w.s.path() + "-shm"
	if info, err := os.Stat(path); err == nil && (stale || info.Size() < shmSize) {
		// The file is not opened: closing it would end SQLite's locks.
		if os.Truncate(path, 0) == nil {
			_ = os.Truncate(path, shmSize)
		}
	}
}
