package disk

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// conn is a connection to a database. One goroutine at a time may use it. It speaks
// to SQLite directly: going through database/sql would double the time of a hit.
type conn struct {
	tls *libc.TLS
	db  uintptr
	out uintptr // memory of 8 bytes, where SQLite leaves pointers
	all map[string]*stmt
}

// stmt is a prepared statement. Arguments are bound in order, by the methods that
// return the statement; columns are read after step has returned true.
type stmt struct {
	c    *conn
	p    uintptr
	n    int32     // arguments bound so far
	refs []uintptr // memory of bound arguments
	err  error     // why it could not be prepared; step returns it
}

// sqlError is what SQLite returned.
type sqlError struct {
	code int32 // extended
	text string
}

func (e *sqlError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// Is makes a full disk look the same whoever notices it.
func (e *sqlError) Is(target error) bool {
	return target == syscall.ENOSPC && e.code&0xff == sqlite3.SQLITE_FULL
}

// damaged tells whether the database itself cannot be read.
func (e *sqlError) damaged() bool {
	c := e.code & 0xff
	return c == sqlite3.SQLITE_CORRUPT || c == sqlite3.SQLITE_NOTADB
}

const busyTimeout = 10_000 // ms; only recovery after a crash makes anybody wait

func openConn(path string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), all: map[string]*stmt{}}
	c.out = libc.Xmalloc(c.tls, 8)
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE |
		sqlite3.SQLITE_OPEN_NOMUTEX | sqlite3.SQLITE_OPEN_PRIVATECACHE | sqlite3.SQLITE_OPEN_EXRESCODE
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
	e := &sqlError{code: rc, text: libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))}
	if c.db != 0 && sqlite3.Xsqlite3_extended_errcode(c.tls, c.db) == rc {
		e.text = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
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

// q returns the statement of a query, prepared once per connection.
func (c *conn) q(sql string) *stmt {
	s := c.all[sql]
	if s == nil {
		s = c.prepare(sql)
		c.all[sql] = s
	}
	return s
}

func (c *conn) prepare(sql string) *stmt {
	s := &stmt{c: c}
	text, err := libc.CString(sql)
	if err != nil {
		s.err = err
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
			return err
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

func (c *conn) changes() int64 { return int64(sqlite3.Xsqlite3_changes(c.tls, c.db)) }
func (c *conn) last() int64    { return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db) }

func (s *stmt) int(i int64) *stmt {
	s.n++
	sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, s.n, i)
	return s
}

// bytes binds a blob, never null.
func (s *stmt) bytes(b []byte) *stmt {
	s.n++
	if len(b) == 0 {
		sqlite3.Xsqlite3_bind_zeroblob(s.c.tls, s.p, s.n, 0)
		return s
	}
	p := libc.Xmalloc(s.c.tls, libc.Tsize_t(len(b)))
	if p == 0 {
		return s // unbound is null, which no column takes
	}
	copy(libc.GoBytes(p, len(b)), b)
	s.refs = append(s.refs, p)
	sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, s.n, p, int32(len(b)), 0)
	return s
}

func (s *stmt) text(v string) *stmt {
	s.n++
	p, err := libc.CString(v)
	if err != nil {
		return s
	}
	s.refs = append(s.refs, p)
	sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, s.n, p, int32(len(v)), 0)
	return s
}

// step gets the next row, or returns false and makes the statement ready for use.
func (s *stmt) step() (bool, error) {
	if s.err != nil {
		s.done()
		return false, s.err
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
	sqlite3.Xsqlite3_reset(s.c.tls, s.p)
	if s.n > 0 {
		sqlite3.Xsqlite3_clear_bindings(s.c.tls, s.p)
	}
	for _, p := range s.refs {
		libc.Xfree(s.c.tls, p)
	}
	s.refs, s.n = s.refs[:0], 0
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

func (s *stmt) colString(i int32) string { return string(s.colView(i)) }
