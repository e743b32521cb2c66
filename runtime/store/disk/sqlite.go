package disk

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"syscall"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/workgen/workgen/runtime/key"
)

// conn is a connection to a database. One goroutine at a time may use it. It speaks
// to SQLite directly: the driver of the same module takes 1.4 times as long for a hit and
// 1.6 times for a miss, and database/sql comes on top of that.
//
// Whatever SQLite cannot do is an error, a fault in the memory that it maps from the file
// -shm included: the connection can be used on.
type conn struct {
	tls *libc.TLS
	db  uintptr
	out uintptr // memory of 8 bytes, where SQLite leaves pointers
	all map[string]*stmt

	torn      bool // the file -shm is shorter than it was: see mend
	damaged   bool // the database is
	queue     bool // there are the tables of the queue: they stay
	arguments bool // there is the table of arguments: it stays
	since     int  // how often readers had been reset when it was opened
}

// stmt is a prepared statement. Arguments are bound in order, by the methods that
// return the statement; columns are read after step has returned true.
type stmt struct {
	c    *conn
	p    uintptr
	n    int32     // arguments bound so far
	refs []uintptr // memory of bound arguments
	err  error     // why it cannot be executed; step returns it
}

// sqlError is what SQLite returned.
type sqlError struct {
	code int32 // extended
	text string
	os   syscall.Errno // what the system said, 0: nothing
}

// corrupt is the code of a database that is damaged.
const corrupt = sqlite3.SQLITE_CORRUPT

var noMemory = &sqlError{code: sqlite3.SQLITE_NOMEM, text: "out of memory"}

func (e *sqlError) Error() string {
	text := fmt.Sprintf("sqlite: %s (%d)", e.text, e.code)
	if e.os != 0 {
		text += ": " + e.os.Error()
	}
	return text
}

// Unwrap makes a full disk look the same whoever notices it, and want of descriptors.
func (e *sqlError) Unwrap() error {
	switch {
	case e.os != 0:
		return e.os
	case e.code&0xff == sqlite3.SQLITE_FULL:
		return syscall.ENOSPC
	}
	return nil
}

// damaged tells whether the database itself cannot be read.
func (e *sqlError) damaged() bool {
	c := e.code & 0xff
	return c == sqlite3.SQLITE_CORRUPT || c == sqlite3.SQLITE_NOTADB || e.code == sqlite3.SQLITE_IOERR_SHORT_READ ||
		c == sqlite3.SQLITE_ERROR && strings.HasPrefix(e.text, "no such ") // all that we ask for was there
}

const busyTimeout = 10_000 // ms; only recovery after a crash makes anybody wait

// access says how a database is opened.
type access uint8

const (
	readWrite access = iota
	readOnly         // without the right to write, or without the wish
	immutable        // nobody else writes it, nor is there a log: nothing but the file is opened
)

// openConn opens a database, which must be there: if it was removed, the connections that
// are still open would write to another one.
func openConn(path string, how access) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), all: map[string]*stmt{}}
	c.out = libc.Xcalloc(c.tls, 1, 8)
	if how == immutable {
		path = (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "immutable=1"}).String()
	}
	name, err := libc.CString(path)
	if c.out == 0 || err != nil {
		c.close()
		return nil, noMemory
	}
	defer libc.Xfree(c.tls, name)
	flags := int32(sqlite3.SQLITE_OPEN_NOMUTEX | sqlite3.SQLITE_OPEN_PRIVATECACHE | sqlite3.SQLITE_OPEN_EXRESCODE)
	switch how {
	case readWrite:
		flags |= sqlite3.SQLITE_OPEN_READWRITE
	case readOnly:
		flags |= sqlite3.SQLITE_OPEN_READONLY
	case immutable:
		flags |= sqlite3.SQLITE_OPEN_READONLY | sqlite3.SQLITE_OPEN_URI
	}
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, flags, 0)
	c.db = c.pointer()
	if rc == sqlite3.SQLITE_OK {
		rc = sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, busyTimeout)
	}
	if rc != sqlite3.SQLITE_OK {
		err := c.error(rc)
		c.close()
		return nil, err
	}
	return c, nil
}

// pointer returns what SQLite left in out.
func (c *conn) pointer() uintptr {
	b := libc.GoBytes(c.out, 8)
	if ptrSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(b))
	}
	return uintptr(binary.NativeEndian.Uint64(b))
}

const ptrSize = 4 << (^uintptr(0) >> 63)

func (c *conn) error(rc int32) error {
	if rc == sqlite3.SQLITE_IOERR_IN_PAGE {
		c.torn = true
	}
	e := &sqlError{code: rc, text: libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))}
	if c.db != 0 && sqlite3.Xsqlite3_extended_errcode(c.tls, c.db) == rc {
		e.text = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
	if kind := rc & 0xff; c.db != 0 && (kind == sqlite3.SQLITE_CANTOPEN || kind == sqlite3.SQLITE_IOERR) {
		e.os = syscall.Errno(sqlite3.Xsqlite3_system_errno(c.tls, c.db))
	}
	c.damaged = c.damaged || e.damaged()
	return e
}

func (c *conn) close() {
	for _, s := range c.all {
		s.done()
		sqlite3.Xsqlite3_finalize(c.tls, s.p)
	}
	sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
}

// q returns the statement of a query, prepared once per connection. One that cannot be
// prepared now can be used like any other: step tells why.
func (c *conn) q(sql string) *stmt {
	s := c.all[sql]
	if s == nil {
		if s = c.prepare(sql); s.p != 0 {
			c.all[sql] = s
		}
	}
	return s
}

func (c *conn) prepare(sql string) *stmt {
	s := &stmt{c: c}
	text, err := libc.CString(sql)
	if err != nil {
		s.err = noMemory
		return s
	}
	defer libc.Xfree(c.tls, text)
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, sqlite3.SQLITE_PREPARE_PERSISTENT, c.out, 0)
	if rc != sqlite3.SQLITE_OK {
		s.err = fmt.Errorf("%w in %s", c.error(rc), sql)
		return s
	}
	s.p = c.pointer()
	return s
}

// exec runs statements once.
func (c *conn) exec(sqls ...string) error {
	for _, sql := range sqls {
		text, err := libc.CString(sql)
		if err != nil {
			return noMemory
		}
		rc := sqlite3.Xsqlite3_exec(c.tls, c.db, text, 0, 0, 0)
		libc.Xfree(c.tls, text)
		if rc != sqlite3.SQLITE_OK {
			return c.error(rc)
		}
	}
	return nil
}

// value runs a query for one number.
func (c *conn) value(sql string) (int64, error) {
	n, _, err := c.q(sql).number()
	return n, err
}

// total returns a column of the only row of that table. If there is another one, the database is
// damaged: what it says would have the collector evict everything.
func (c *conn) total(column string) (int64, error) {
	n, found, err := c.q(`SELECT ` + column + ` FROM total WHERE id = 1 AND 1 = (SELECT count(*) FROM total)`).number()
	if err == nil && !found {
		err = c.error(corrupt)
	}
	return n, err
}

// numbers runs a query for the first columns of its rows.
func (c *conn) numbers(sql string, args ...int64) (ns []int64, err error) {
	q := c.q(sql)
	for _, a := range args {
		q.int(a)
	}
	for {
		more, err := q.step()
		if !more {
			return ns, err
		}
		ns = append(ns, q.colInt(0))
	}
}

func (c *conn) changes() int64 { return int64(sqlite3.Xsqlite3_changes(c.tls, c.db)) }
func (c *conn) last() int64    { return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db) }

func (s *stmt) int(i int64) *stmt {
	s.n++
	return s.bound(sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, s.n, i))
}

// bytes binds a blob, never null.
func (s *stmt) bytes(b []byte) *stmt {
	s.n++
	if len(b) == 0 {
		return s.bound(sqlite3.Xsqlite3_bind_zeroblob(s.c.tls, s.p, s.n, 0))
	}
	p := libc.Xmalloc(s.c.tls, libc.Tsize_t(len(b)))
	if p == 0 {
		return s.bound(noMemory.code)
	}
	copy(libc.GoBytes(p, len(b)), b)
	s.refs = append(s.refs, p)
	return s.bound(sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, s.n, p, int32(len(b)), 0))
}

func (s *stmt) text(v string) *stmt {
	s.n++
	p, err := libc.CString(v)
	if err != nil {
		return s.bound(noMemory.code)
	}
	s.refs = append(s.refs, p)
	return s.bound(sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, s.n, p, int32(len(v)), 0))
}

// bound keeps a statement from being executed if an argument could not be bound.
func (s *stmt) bound(rc int32) *stmt {
	if rc != sqlite3.SQLITE_OK && s.err == nil {
		s.err = s.c.error(rc)
	}
	return s
}

// bind binds values as col returns them.
func (s *stmt) bind(values []any) *stmt {
	for _, v := range values {
		switch v := v.(type) {
		case int64:
			s.int(v)
		case string:
			s.text(v)
		case []byte:
			s.bytes(v)
		}
	}
	return s
}

// step gets the next row, or returns false and makes the statement ready for use.
func (s *stmt) step() (bool, error) {
	if err := s.err; err != nil {
		s.done()
		return false, err
	}
	switch rc := sqlite3.Xsqlite3_step(s.c.tls, s.p); rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		s.done()
		return false, nil
	default:
		err := s.c.error(rc)
		s.done()
		return false, err
	}
}

// done makes a statement ready for use before its last row.
func (s *stmt) done() {
	if s.p != 0 {
		sqlite3.Xsqlite3_reset(s.c.tls, s.p)
		sqlite3.Xsqlite3_clear_bindings(s.c.tls, s.p)
	}
	for _, p := range s.refs {
		libc.Xfree(s.c.tls, p)
	}
	s.refs, s.n, s.err = s.refs[:0], 0, nil
}

// run steps to the end.
func (s *stmt) run() error {
	for {
		if more, err := s.step(); !more || err != nil {
			return err
		}
	}
}

// number runs a query for the first column of its first row.
func (s *stmt) number() (n int64, found bool, err error) {
	found, err = s.step()
	if found {
		n = s.colInt(0)
		s.done()
	}
	return n, found, err
}

func (s *stmt) colInt(i int32) int64 { return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, i) }

// colView returns a column's bytes until the next step.
func (s *stmt) colView(i int32) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, i)
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, i)
	if p == 0 || n == 0 {
		return nil
	}
	return libc.GoBytes(p, int(n))
}

// col returns a column as an int64, a string or, also for null, a []byte.
func (s *stmt) col(i int32) any {
	switch sqlite3.Xsqlite3_column_type(s.c.tls, s.p, i) {
	case sqlite3.SQLITE_INTEGER:
		return s.colInt(i)
	case sqlite3.SQLITE_TEXT:
		return s.colString(i)
	}
	return append([]byte{}, s.colView(i)...)
}

func (s *stmt) colString(i int32) string { return string(s.colView(i)) }

// colKey returns a column with a key: that of nothing, if it is damaged.
func (s *stmt) colKey(i int32) (k key.Key) {
	if view := s.colView(i); len(view) == len(k) {
		k = key.Key(view)
	}
	return k
}
