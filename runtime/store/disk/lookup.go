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
		found[i], err = s.found(ctx, &rows[i])
		for tries := 1; err == store.ErrNotFound; tries++ { // it went meanwhile, perhaps for another
			if rows[i] = (row{}); tries < 10 {
				err = s.look(ctx, refs[i:i+1], rows[i:i+1])
			} else {
				err = nil
			}
			if err == nil {
				found[i], err = s.found(ctx, &rows[i])
			}
		}
		if err != nil {
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

	// When there is no result, or it was executed Again since:
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

// row reads what the tables have of one call: the result of its newest execution, mostly.
func (l *lister) row(c *conn, r store.Ref, to *row) (err error) {
	found, err := to.read(c.q(resultSQL).bytes(r.Key[:]), r)
	if err != nil || to.damage != nil {
		return err
	}
	if to.hit = found && !hasExpired(to.finished, to.expires, l.now); to.hit {
		return nil
	}
	return l.rest(c, r, to)
}

// resultSQL reads an index and one row: those of execution are not needed.
const (
	resultColumns = `SELECT seq, finished, expires, size, form, sum, data FROM result WHERE seq = `
	resultSQL     = resultColumns + `(SELECT seq FROM execution WHERE key = ? ORDER BY seq DESC LIMIT 1)`
	olderSQL      = resultColumns + `(SELECT seq FROM execution WHERE key = ? AND (status = 1 OR gone > 0) ORDER BY seq DESC LIMIT 1)`
)

// read reads a result of a call. If its row is damaged, damage is set.
func (to *row) read(q *stmt, ref store.Ref) (found bool, err error) {
	to.ref = ref
	if found, err = q.step(); !found {
		return false, err
	}
	defer q.done()
	to.result = result{ref: ref, seq: q.colInt(0), finished: q.colInt(1), expires: q.colInt(2), size: q.colInt(3), form: q.colInt(4)}
	view := q.colView(6)
	to.data = append(make([]byte, 0, len(view)), view...)
	sum := to.checksum()
	if string(q.colView(5)) != string(sum[:]) {
		errors.As(damagef("checksum of the row is wrong"), &to.damage)
	}
	return true, nil
}

// rest reads what there is of a call whose newest execution has no result: who has its lease, the
// newest record of an execution that has ended, and the result of one before those that were Again.
// Outside of a transaction the newest may have got its result meanwhile.
func (l *lister) rest(c *conn, r store.Ref, to *row) error {
	to.latest, to.holder = nil, nil
	for q := c.q(`SELECT ` + recordColumns + ` FROM execution WHERE key = ? ORDER BY seq DESC`).bytes(r.Key[:]); ; {
		found, err := q.step()
		if !found {
			return err
		}
		st, gone := stateOf(q), q.colInt(9) != 0
		if st.status == store.Running {
			if to.holder = l.s.held(r, &st, l.now); to.holder != nil {
				continue
			}
		}
		if st.status == store.Stopped && !gone {
			continue
		}
		latest, err := l.record(c, q)
		q.done()
		if err != nil {
			return err
		}
		if latest.Status != store.Succeeded && (!gone || latest.Status.Gone()) {
			latest.Ref, latest.Arguments = r, nil
			to.latest = &latest
		}
		if gone {
			return nil
		}
		return l.older(c, r, to)
	}
}

// older reads the result that a call has beside executions that were Again, in one statement: it may
// be replaced at any time. What is older than the result says nothing.
func (l *lister) older(c *conn, r store.Ref, to *row) error {
	found, err := to.read(c.q(olderSQL).bytes(r.Key[:]), r)
	if to.hit = found && to.damage == nil && !hasExpired(to.finished, to.expires, l.now); !to.hit {
		return err
	}
	if to.latest != nil && int64(to.latest.Seq) <= to.seq {
		to.latest = nil
	}
	if to.holder != nil && to.holder.seq <= to.seq {
		to.holder = nil
	}
	return err
}

// found makes an answer of a row. It returns store.ErrNotFound when the result went since the row
// was read.
func (s *Store) found(ctx context.Context, r *row) (f store.Found, err error) {
	if r.hit || r.damage != nil {
		e, err := s.entry(ctx, r)
		if err != nil {
			return notFound(err)
		}
		s.hits.add(r.seq)
		f.Results = []*store.Entry{e}
	}
	f.Latest = r.latest
	if r.holder != nil {
		f.Holder = s.await(r.holder)
	}
	return f, nil
}

// notFound makes an answer of an error.
func notFound(err error) (f store.Found, _ error) {
	if errors.As(err, &f.Damaged) {
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
