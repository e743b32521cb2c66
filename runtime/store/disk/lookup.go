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
	result
	hit    bool         // there is a result that has not expired
	damage *damageError // it cannot be read, and why

	// When there is no result:
	latest *store.Record
	holder *heldError
}

// look reads what the tables have of some calls.
func (s *Store) look(ctx context.Context, refs []store.Ref, rows []row) error {
	err := s.lookOnce(ctx, refs, rows)
	if isDamage(err) {
		err = s.again(ctx, func() error { return s.lookOnce(ctx, refs, rows) })
	}
	return err
}

func (s *Store) lookOnce(ctx context.Context, refs []store.Ref, rows []row) error {
	if err := s.check(ctx); err != nil {
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
		if to.result, found, err = c.result(r); err != nil {
			if errors.As(err, &to.damage) {
				err = nil
			}
			return err
		}
		if to.hit = found && !hasExpired(to.finished, to.expires, l.now); to.hit {
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

// resultSQL reads an index and one row: those of execution are not needed.
const resultSQL = `SELECT seq, finished, expires, size, form, sum, data FROM result
	WHERE seq = (SELECT seq FROM execution WHERE key = ? ORDER BY seq DESC LIMIT 1)`

// result reads the result of a call. The error is a damageError when the row is damaged.
func (c *conn) result(ref store.Ref) (r result, found bool, err error) {
	q := c.q(resultSQL).bytes(ref.Key[:])
	r.ref = ref
	if found, err = q.step(); !found {
		return r, false, err
	}
	r = result{ref: ref, seq: q.colInt(0), finished: q.colInt(1), expires: q.colInt(2), size: q.colInt(3), form: q.colInt(4)}
	view := q.colView(6)
	r.data = append(make([]byte, 0, len(view)), view...)
	sum := r.checksum()
	if string(q.colView(5)) != string(sum[:]) {
		err = damagef("checksum of the row is wrong")
	}
	q.done()
	return r, true, err
}

// rest reads what there is of a call without result: who has its lease, and the newest
// record of an execution that has ended.
func (l *lister) rest(c *conn, r store.Ref, to *row) error {
	to.latest, to.holder = nil, nil
	for q := c.q(`SELECT ` + recordColumns + ` FROM execution WHERE key = ? ORDER BY seq DESC`).bytes(r.Key[:]); ; {
		found, err := q.step()
		if !found {
			return err
		}
		st := stateOf(q)
		if st.status == store.Running {
			if to.holder = l.s.held(r, &st, l.now); to.holder != nil {
				continue
			}
		}
		if st.status == store.Stopped && q.colInt(9) == 0 {
			continue
		}
		latest, err := l.record(c, q)
		q.done()
		if latest.Gone.IsZero() || latest.Status.Gone() {
			latest.Ref = r
			to.latest = &latest
		}
		return err
	}
}

// found makes an answer of a row.
func (s *Store) found(ctx context.Context, r *row) (f store.Found, err error) {
	if r.hit || r.damage != nil {
		e, err := s.entry(ctx, r)
		if err != nil {
			return notFound(err)
		}
		s.hits.add(r.seq)
		f.Results = []*store.Entry{e}
		return f, nil
	}
	f.Latest = r.latest
	if r.holder != nil {
		f.Holder = s.await(r.holder)
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
		e := r.result.entry()
		e.Data = r.data
		return e, nil
	}
	return s.entrySlowly(ctx, r.result, r.damage)
}

// entrySlowly opens a result that is not plainly there. It has the row for itself.
func (s *Store) entrySlowly(ctx context.Context, r result, damage *damageError) (*store.Entry, error) {
	var e *store.Entry
	var err error
	if damage == nil {
		e, err = s.open(ctx, &r)
	}
	if damage != nil || errors.As(err, &damage) {
		return nil, s.unreadable(&r, damage)
	}
	return e, err
}
