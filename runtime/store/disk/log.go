package disk

import (
	"os"

	sqlite3 "modernc.org/sqlite/lib"
)

// log bounds the file in which SQLite writes what is committed first. SQLite moves it
// into the database now and then, and begins it anew if nobody reads from it at that
// moment. With many readers there may never be such a moment, so once the file is
// large the writer waits for them, in its turn: who begins to read meanwhile reads from
// the database, and is in nobody's way.
type log struct {
	path string
	next int64 // size at which it is made short; more than maxLog after that has failed
}

const (
	maxLog  = 8 << 20
	logStep = 1 << 20 // how much more is written before it is tried again
	logWait = 100     // ms that readers are waited for
)

// bound makes the log short if it is large, or if it is wanted. Nothing is lost if
// that fails.
func (l *log) bound(c *conn, wanted bool) {
	info, err := os.Stat(l.path)
	if err != nil || !wanted && info.Size() < max(l.next, maxLog) {
		return
	}
	c.wait(logWait)
	defer c.wait(busyTimeout)
	l.next = 0
	if busy, err := c.value(`PRAGMA wal_checkpoint(TRUNCATE)`); busy != 0 || err != nil {
		l.next = info.Size() + logStep
	}
}

// wait sets how many milliseconds c waits for what others have locked.
func (c *conn) wait(ms int32) { sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, ms) }
