package disk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// A database that is damaged is made anew from what can be read of it, by who notices the
// damage first, under the write lock. The new one has another name, with the next number: those who
// have the old one open can neither harm it nor be harmed by it, and find out, since theirs
// is gone. That is how they find out, too, that the whole directory was removed.

// isDamage tells whether an error says that the database itself is damaged.
func isDamage(err error) bool {
	var sql *sqlError
	return errors.As(err, &sql) && sql.damaged()
}

// repairEvery is how often a database is made anew at most, if it is damaged again.
var repairEvery = 10 * time.Second

// fullEvery is how often that is tried while the disk is full.
const fullEvery = time.Second

// ready sees to it that the writer has the database open that is in the directory, and that
// it can be read, as far as that is known. The writer holds the write lock.
func (w *writer) ready() error {
	damaged := w.damaged.Swap(false) || w.c.damaged
	if !w.lockInPlace() || !w.s.inPlace() {
		return w.reopen()
	}
	w.mend()
	if damaged && time.Since(w.repaired) >= repairEvery {
		w.repaired = time.Now()
		open := w.s.db.Load()
		if err := w.s.rebuild(errors.New("what is read does not fit together")); err != nil {
			w.s.db.Store(open) // it still is
			why := fmt.Errorf("the database of the store in %s is damaged, and cannot be made anew: %w", w.s.dir, err)
			w.unrepaired.Store(&why)
			if isFull(err) {
				w.repaired = w.repaired.Add(min(0, fullEvery-repairEvery))
			}
			return why
		}
		return w.reopen()
	}
	w.c.damaged = false
	return nil
}

// reopen opens the database that is in the directory, which it makes if there is none.
func (w *writer) reopen() error {
	s := w.s
	if !w.lockInPlace() {
		if !s.inPlace() {
			slog.Warn("the directory of a store was removed or replaced while it was open: what it had is gone", slog.String("store", s.dir))
		}
		lock, err := s.directory()
		if err != nil {
			return err
		}
		if _, err := lockFile(lock, false, true); err != nil {
			return errors.Join(err, lock.Close())
		}
		_ = w.lock.Close()
		w.setLock(lock)
		if err := s.self.restore(); err != nil {
			return err
		}
	}
	c, err := s.make()
	if err != nil {
		return err
	}
	w.c.close()
	w.c, w.full, w.keep, w.log = c, false, false, log{path: s.path() + logSuffix}
	w.stale = false
	w.torn.Store(false)
	w.unrepaired.Store(nil)
	s.readers.reset()
	go s.deletions.restart() // it reads
	return nil
}

// repairSoon has it repaired by who writes next.
func (w *writer) repairSoon(damaged bool) {
	if damaged && !w.damaged.Swap(true) || !damaged && !w.torn.Swap(true) {
		go func() { _ = w.touch(context.Background()) }()
	}
}

// touch writes nothing, and comes back when the writer was ready.
func (w *writer) touch(ctx context.Context) error {
	return w.write(ctx, false, func(*tx) error { return nil })
}

// again calls f again if it failed because the database is damaged, once that was repaired.
func (s *Store) again(ctx context.Context, f func() error) error {
	err := f()
	if !isDamage(err) {
		return err
	}
	s.w.damaged.Store(true)
	if why := s.w.touch(ctx); why != nil {
		return errors.Join(err, why)
	}
	return s.w.explained(f())
}

// explained says of damage why it was not repaired.
func (w *writer) explained(err error) error {
	if why := w.unrepaired.Load(); why != nil && isDamage(err) {
		return errors.Join(*why, err)
	}
	return err
}

// rebuild makes a database with the next number from what can be read of the newest, and
// removes that. The caller holds the write lock for all that time, some ten seconds for a
// million records: what others wrote meanwhile would go into the damaged database, perhaps
// where it was read already. Those who wait that long go on without the store.
func (s *Store) rebuild(why error) error {
	older, err := s.find()
	if err != nil {
		return err
	}
	db := s.db.Load()
	temp := s.rebuilt()
	removeDatabase(temp)
	kept, err := salvage(db.path, temp)
	if err != nil {
		removeDatabase(temp)
		return err
	}
	if err := os.Rename(temp, db.next); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return err
	}
	for _, path := range append(older, db.path) {
		removeDatabase(path)
	}
	s.orphans.Store(true)
	slog.Warn("the database of a store is damaged, and is made anew from what can be read of it",
		slog.String("store", s.dir), slog.String("damage", why.Error()),
		slog.Int("results", kept.results), slog.Int("executions", kept.executions))
	return nil
}

// rebuilt is the path of a database that is being made anew.
func (s *Store) rebuilt() string { return filepath.Join(s.dir, tempDir, "rebuilt.db") }

func removeDatabase(path string) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
}

// kept is what could be read of a damaged database.
type kept struct{ results, executions int }

// salvage copies what can be read of one database into another, that is made. Only if that
// one cannot be written there is an error: it is of no use then.
func salvage(from, to string) (n kept, err error) {
	if err := makeFile(to); err != nil {
		return n, err
	}
	if n, err = fill(from, to); err != nil {
		return n, err
	}
	f, err := os.OpenFile(to, os.O_RDWR, 0)
	if err != nil {
		return n, err
	}
	return n, errors.Join(f.Sync(), f.Close())
}

// fill is salvage without waiting for the disk. Nobody else knows the new database: it has no
// log until it is whole. It has no indexes until it has all rows: these are sorted then, in
// memory, 150 bytes a record, since there may be no other place for that.
func fill(from, to string) (n kept, err error) {
	c, err := openConn(to, readWrite)
	if err != nil {
		return n, err
	}
	defer c.close()
	err = c.exec(`PRAGMA auto_vacuum = INCREMENTAL`, `PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`, `PRAGMA temp_store = MEMORY`)
	if err != nil {
		return n, err
	}
	var tables, indexes []string
	for _, sql := range schema {
		if strings.HasPrefix(sql, `CREATE INDEX `) {
			indexes = append(indexes, sql)
		} else {
			tables = append(tables, sql)
		}
	}
	if err := transact(c, tables); err != nil {
		return n, err
	}
	if old, err := openConn(from, readWrite); err == nil { // else nothing can be read
		if n, err = copyAll(old, c); err == nil {
			err = errors.Join(copyArguments(old, c), copyQueue(old, c))
		}
		old.close()
		if err != nil {
			return n, err
		}
	}
	if err := transact(c, indexes); err != nil {
		return n, err
	}
	return n, c.exec(`PRAGMA journal_mode = WAL`)
}

// copyAll copies all tables.
func copyAll(old, c *conn) (n kept, err error) {
	copied := func(table, columns string, accept func(row []any) bool) {
		if err == nil {
			err = copyTable(old, c, table, columns, accept)
		}
	}
	all := func([]any) bool { return true }
	copied("work", "id name", all)
	copied("scope", "id work schema code symbols build", all)
	copied("execution", "seq key work scope status holder nonce started finished expires gone used hits text record", func(row []any) bool {
		r := store.Record{}
		text, _ := row[13].([]byte)
		record, _ := row[14].([]byte)
		k, _ := row[1].([]byte)
		if len(k) != len(r.Key) {
			return false
		}
		r.Key = key.Key(k)
		ok := (&unpacker{}).unpack(&r, text, record) == nil || row[4] == int64(store.Succeeded)
		if ok {
			n.executions++
		}
		return ok
	})
	t := &tx{conn: c, files: map[string]bool{}, now: time.Now().UnixMicro()}
	copied("result", "seq finished expires size form sum data", func(row []any) bool {
		ok := t.acceptResult(row)
		if ok {
			n.results++
		}
		return ok
	})
	copied("deleted", "seq key", all)
	copied("mark", "name version value", all)
	if err != nil {
		return n, err
	}
	return n, transact(c, []string{
		`INSERT OR IGNORE INTO work(id, name) SELECT DISTINCT work, 'unknown ' || work FROM execution`,
		`INSERT OR IGNORE INTO scope(id, work, schema, code, symbols, build) SELECT scope, work, '', 'unknown ' || scope, '', '' FROM execution`,
		`UPDATE execution SET status = 6, gone = max(finished, 1) WHERE status = 1 AND seq NOT IN (SELECT seq FROM result)`,
		`UPDATE total SET lag = max(lag, (SELECT coalesce(max(seq - started), 0) FROM execution))`,
	})
}

// acceptResult tells whether a result is whole, and counts its file.
func (tx *tx) acceptResult(row []any) bool {
	r := result{}
	for i, to := range []*int64{&r.seq, &r.finished, &r.expires, &r.size, &r.form} {
		*to, _ = row[i].(int64)
	}
	sum, _ := row[5].([]byte)
	r.data, _ = row[6].([]byte)
	q := tx.q(`SELECT key FROM execution WHERE seq = ? AND status = 1`).int(r.seq)
	if found, err := q.step(); !found || err != nil {
		return false
	}
	r.ref.Key = q.colKey(0)
	q.done()
	if want := r.checksum(); string(sum) != string(want[:]) {
		return false
	}
	return r.form&formFile == 0 || len(r.data) == refSize && tx.refer(r.data) == nil
}

// copyTable copies the rows of a table that can be read, in the order in which they are
// there: pages may have changed places. Where a part of them cannot be read, it looks for the
// next that can, by the numbers in their first column.
func copyTable(old, c *conn, table, columns string, accept func(row []any) bool) error {
	names := strings.Fields(columns)
	first := names[0]
	all := `SELECT ` + strings.Join(names, `, `) + ` FROM ` + table + ` NOT INDEXED`
	after := ` WHERE ` + first + ` > ? ORDER BY ` + first
	insert := `INSERT OR IGNORE INTO ` + table + `(` + strings.Join(names, `, `) + `) VALUES(?` + strings.Repeat(`, ?`, len(names)-1) + `)`
	at := int64(0)
	for q := old.q(all); ; q = old.q(all + after).int(at) {
		last, unread, err := copyRows(c, q, len(names), insert, accept)
		if unread == nil || err != nil {
			return err
		}
		if number, ok := last.(int64); ok {
			at = max(at, number)
		} else if last != nil {
			return nil // names cannot be counted through
		}
		var ok bool
		if at, ok = nextReadable(old, all+after+` LIMIT 1`, at); !ok {
			return nil
		}
	}
}

// copyRows inserts the rows of a query that are accepted, until one cannot be read: unread
// says why. It returns the first column of the last one.
func copyRows(c *conn, q *stmt, columns int, insert string, accept func(row []any) bool) (last any, unread, err error) {
	const batch = 200
	for more := true; more; {
		if err := c.q(`BEGIN IMMEDIATE`).run(); err != nil {
			return last, nil, err
		}
		for n := 0; more && err == nil && n < batch; n++ {
			if more, unread = q.step(); !more {
				break
			}
			row := make([]any, columns)
			for i := range row {
				row[i] = q.col(int32(i))
			}
			if last = row[0]; accept(row) {
				err = c.q(insert).bind(row).run()
			}
		}
		if err != nil {
			q.done()
			_ = c.q(`ROLLBACK`).run()
			return last, nil, err
		}
		if err := c.q(`COMMIT`).run(); err != nil {
			return last, nil, err
		}
	}
	return last, unread, nil
}

// nextReadable looks for what follows a gap that begins after n: a number after which a row
// can be read, the least as far as steps of two tell.
func nextReadable(old *conn, sql string, n int64) (last int64, ok bool) {
	reads := func(after int64) bool {
		q := old.q(sql).int(after)
		found, err := q.step()
		q.done()
		return found && err == nil
	}
	for step := int64(1); step > 0 && n+step > n; step *= 2 {
		if !reads(n + step) {
			continue
		}
		low, high := n+step/2, n+step
		for low+1 < high {
			if mid := low + (high-low)/2; reads(mid) {
				high = mid
			} else {
				low = mid
			}
		}
		return high, true
	}
	return 0, false
}
