package disk

import (
	"context"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Lookup implements store.Store. Those who watch what is held are going to be woken.
func (s *Store) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	var one [1]row // most look up one
	rows := one[:]
	if len(refs) != 1 {
		rows = make([]row, len(refs))
	}
	err := s.look(ctx, refs, rows)
	if err != nil {
		return err
	}
	for i := range rows {
		if found[i], err = s.found(ctx, &rows[i]); err != nil {
			for _, f := range found[:i] {
				if e := f.Result(); e != nil {
					_ = e.Close()
				}
			}
			return err
		}
	}
	return nil
}

// Peek implements store.Administrator.
func (s *Store) Peek(ctx context.Context, r store.Ref) (*store.Entry, error) {
	rows := make([]row, 1)
	if err := s.look(ctx, []store.Ref{r}, rows); err != nil {
		return nil, err
	}
	if !rows[0].hit && rows[0].damage == nil {
		return nil, store.ErrNotFound
	}
	rows[0].peeked = true
	return s.entry(ctx, &rows[0])
}

// row is what the tables have of a call.
type row struct {
	kept
	hit    bool         // there is a result that has not expired
	damage *damageError // it cannot be read, and why

	// When there is no result:
	latest                 *store.Record
	token, holder, expires int64 // of the lease; token 0: there is none
}

// look reads what the tables have of some calls.
func (s *Store) look(ctx context.Context, refs []store.Ref, rows []row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	defer s.readers.give(c)
	if len(refs) > 1 {
		if err := c.q(`BEGIN`).run(); err != nil {
			return err
		}
		defer func() { _ = c.q(`COMMIT`).run() }()
	}
	l := lister{s: s, now: time.Now().UnixMicro()}
	for i, r := range refs {
		if err := l.row(c, r, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// row reads what the tables have of one call. Outside of a transaction a result may come
// after it was looked for, and before the record is read.
func (l *lister) row(c *conn, r store.Ref, to *row) (err error) {
	for range 2 {
		var found bool
		if to.kept, found, err = c.kept(r); err != nil {
			to.damage, err = damageOf(err)
			return err
		}
		if to.hit = found && !hasExpired(to.finished, to.kept.expires, l.now); to.hit {
			return nil
		}
		if err := l.rest(c, r, to); err != nil {
			return err
		}
		if to.latest == nil || to.latest.Status != store.Succeeded {
			return nil
		}
	}
	return nil
}

// damageOf tells whether an error says that a row, or the database, is damaged.
func damageOf(err error) (damage *damageError, other error) {
	var sql *sqlError
	switch {
	case errors.As(err, &damage):
		return damage, nil
	case errors.As(err, &sql) && sql.damaged():
		return &damageError{err}, nil
	}
	return nil, err
}

// keptSQL reads an index and one row: those of call are not needed.
const keptSQL = `SELECT token, finished, expires, size, form, sum, data FROM result WHERE seq = (SELECT seq FROM call WHERE key = ?)`

// kept reads what is kept of a result. The error is a damageError when the row is damaged.
func (c *conn) kept(ref store.Ref) (r kept, found bool, err error) {
	q := c.q(keptSQL).bytes(ref.Key[:])
	r.ref = ref
	if found, err = q.step(); !found {
		return r, false, err
	}
	r = kept{ref: ref, token: q.colInt(0), finished: q.colInt(1), expires: q.colInt(2), size: q.colInt(3), form: q.colInt(4)}
	view := q.colView(6)
	r.data = append(make([]byte, 0, len(view)), view...)
	sum := r.checksum()
	if string(q.colView(5)) != string(sum[:]) {
		err = damagef("checksum of the row is wrong")
	}
	q.done()
	return r, true, err
}

// rest reads the record and the lease of a call without result.
func (l *lister) rest(c *conn, r store.Ref, to *row) error {
	q := c.q(`SELECT ` + recordColumns + `, lease.token, lease.holder, lease.expires FROM (SELECT ? AS k)
		LEFT JOIN call ON call.key = k LEFT JOIN lease ON lease.key = k`).bytes(r.Key[:])
	if found, err := q.step(); !found {
		return err
	}
	defer q.done()
	to.latest = nil
	to.token, to.holder, to.expires = q.colInt(recordCount), q.colInt(recordCount+1), q.colInt(recordCount+2)
	if q.colInt(0) == 0 {
		return nil
	}
	latest, err := l.record(c, q)
	latest.Ref = r
	to.latest = &latest
	return err
}

// found makes an answer of a row.
func (s *Store) found(ctx context.Context, r *row) (f store.Found, err error) {
	if r.hit || r.damage != nil {
		e, err := s.entry(ctx, r)
		if err != nil {
			return notFound(err)
		}
		s.use(r.ref.Key)
		f.Results = []*store.Entry{e}
		return f, nil
	}
	f.Latest = r.latest
	if r.token != 0 {
		if held := s.held(r.ref, r.holder, r.expires, time.Now().UnixMicro()); held != nil {
			f.Holder = s.await(held)
		}
	}
	return f, nil
}

// notFound makes an answer of an error.
func notFound(err error) (f store.Found, _ error) {
	if errors.As(err, &f.Damaged) || err == store.ErrNotFound { // it went meanwhile
		return f, nil
	}
	return f, err
}

// entry opens the result of a row. It returns store.ErrNotFound when it went since the
// row was read.
func (s *Store) entry(ctx context.Context, r *row) (*store.Entry, error) {
	if r.damage == nil && r.form == 0 && int64(len(r.data)) == r.size {
		e := r.kept.entry()
		e.Data = r.data
		return e, nil
	}
	return s.entrySlowly(ctx, r.kept, r.damage)
}

// entrySlowly opens a result that is not plainly there. It has the row for itself.
func (s *Store) entrySlowly(ctx context.Context, r kept, damage *damageError) (*store.Entry, error) {
	var e *store.Entry
	var err error
	if damage == nil {
		e, err = s.open(ctx, &r)
	}
	var sql *sqlError
	switch {
	case damage != nil && errors.As(damage.error, &sql): // there is nothing to be dropped
		return nil, &store.CorruptError{Ref: r.ref, Err: damage.error}
	case damage != nil || errors.As(err, &damage):
		return nil, s.unreadable(&r, damage)
	case errors.As(err, &sql) && sql.damaged():
		return nil, &store.CorruptError{Ref: r.ref, Err: err}
	}
	return e, err
}
