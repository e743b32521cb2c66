package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// The newest execution of a call is its lease while it runs. It is had until another one has
// begun, which may be when it has expired or its process is dead. The result is that of the
// newest execution, or if that was Again, and has not succeeded, of one before it.

// Begin implements store.Store. That a key is held is found out without writing.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.check(ctx); err != nil {
		return store.Lease{}, err
	}
	x.Status, x.Finished, x.Expires, x.Retry = store.Running, time.Time{}, time.Time{}, time.Time{}
	x.Size, x.Error, x.Kind, x.Stack, x.Log, x.Progress, x.Inputs = 0, "", 0, "", "", store.Progress{}, nil
	l, err := s.readHeld(ctx, x)
	if err == nil && l.Token == 0 {
		err = s.w.write(ctx, false, func(tx *tx) (err error) {
			l, err = tx.begin(x)
			return err
		})
	}
	if err != nil {
		return store.Lease{}, s.awaited(err)
	}
	s.watches.began(x.Key, l.Token)
	s.gc.began()
	return l, nil
}

// begin makes a lease, or returns that of an execution that has begun already.
func (tx *tx) begin(x store.Record) (l store.Lease, err error) {
	last, err := newest(tx.conn, x.Key)
	if err != nil {
		return l, err
	}
	if last.status != 0 {
		if err := tx.finished(x, &last); err != nil {
			return l, err
		}
	}
	if last.status == store.Running {
		if held := tx.s.held(x.Ref, &last, tx.now); held != nil {
			if held.own && x.Nonce != 0 && last.nonce == int64(x.Nonce) {
				return last.lease(x.Ref), nil
			}
			return l, refusal{held}
		}
		if err := tx.lost(last.seq, tx.s.whyLost(&last, tx.now)); err != nil {
			return l, err
		}
	}
	return tx.insert(x)
}

// finished refuses to begin an execution of a call that has a result, unless it is Again. A result
// that is of no use goes. last is the newest execution of the call.
func (tx *tx) finished(x store.Record, last *state) error {
	live, err := liveOf(tx.conn, x.Key)
	if err != nil || live.status != store.Succeeded {
		return err
	}
	_, found, err := tx.q(`SELECT 1 FROM result WHERE seq = ?`).int(live.seq).number()
	switch {
	case err != nil:
		return err
	case !found:
		return tx.goes(live.seq, store.Unreadable, "the database lost it")
	case hasExpired(live.finished, live.expires, tx.now):
		return tx.goes(live.seq, store.Expired, "")
	case x.Again:
		return nil
	}
	tx.s.compare(x.Key, last.seq)
	return refusal{store.ErrFinished}
}

// compare sees whether those who read see the newest execution of a call, too. If not, what
// SQLite shares in memory is damaged. It is asked for when somebody who saw no result is told
// that there is one: under the write lock, so that nobody else writes.
func (s *Store) compare(k key.Key, seq int64) {
	c, err := s.readers.take(context.Background())
	if err != nil {
		return
	}
	defer s.readers.give(c)
	if seen, err := newest(c, k); err == nil && seen.seq != seq {
		s.w.stale = true
	}
}

// insert makes the record of an execution that begins. Tokens are the time at which they
// were given, or more: they grow even when power was lost before the last ones had reached
// the disk.
func (tx *tx) insert(x store.Record) (l store.Lease, err error) {
	work, scope, err := tx.scope(&x)
	if err != nil {
		return l, err
	}
	last, err := tx.value(`SELECT coalesce(max(seq), 0) FROM execution`)
	if err != nil {
		return l, err
	}
	token := max(last+1, tx.now)
	started := micros(x.Started)
	if started == 0 || started > tx.now {
		started = tx.now
	}
	if lag := token - started; lag > tolerance {
		if err := tx.q(`UPDATE total SET lag = ? WHERE id = 1 AND lag < ?`).int(lag).int(lag).run(); err != nil {
			return l, err
		}
	}
	l = store.Lease{Ref: x.Ref, Token: uint64(token), Expires: timeOf(tx.now).Add(tx.s.o.Lease)}
	err = tx.q(`INSERT INTO execution(seq, key, work, scope, status, holder, nonce, started, finished, expires, gone, used, hits, text, record)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, 0, ?, ?)`).
		int(token).bytes(x.Key[:]).int(work).int(scope).int(int64(store.Running)).int(tx.s.self.id).int(int64(x.Nonce)).
		int(started).int(micros(l.Expires)).packed(&x).run()
	if err == nil {
		err = tx.keepArguments(x.Key, x.Arguments)
	}
	return l, err
}

// scope returns the rows of a record's work and scope, which are made if needed.
func (tx *tx) scope(r *store.Record) (work, scope int64, err error) {
	work, found, err := tx.q(`SELECT id FROM work WHERE name = ?`).text(r.Work).number()
	if err != nil {
		return 0, 0, err
	}
	if !found {
		if err := tx.q(`INSERT INTO work(name) VALUES(?)`).text(r.Work).run(); err != nil {
			return 0, 0, err
		}
		work = tx.last()
	}
	scope, found, err = tx.q(`SELECT id FROM scope WHERE work = ? AND schema = ? AND code = ? AND build = ?`).
		int(work).text(r.Schema).text(r.Code).text(r.Build).number()
	if err != nil || found {
		return work, scope, err
	}
	err = tx.q(`INSERT INTO scope(work, schema, code, symbols, build) VALUES(?, ?, ?, ?, ?)`).
		int(work).text(r.Schema).text(r.Code).text(r.Symbols).text(r.Build).run()
	return work, tx.last(), err
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	if err := s.check(ctx); err != nil {
		return store.Lease{}, err
	}
	err := s.w.write(ctx, false, func(tx *tx) error {
		if err := tx.holds(l); err != nil {
			return err
		}
		l.Expires = timeOf(tx.now).Add(tx.s.o.Lease)
		x.Ref, x.Finished, x.Size, x.Error, x.Kind, x.Stack, x.Retry = l.Ref, time.Time{}, 0, "", 0, "", time.Time{}
		return tx.q(`UPDATE execution SET expires = ?, text = ?, record = ? WHERE seq = ?`).
			int(micros(l.Expires)).packed(&x).int(int64(l.Token)).run()
	})
	if err == store.ErrLost {
		s.ended(l)
	}
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	if len(x.Inputs) > 0 {
		return errors.New("disk: a result with inputs that were found on the way cannot be kept")
	}
	x.Ref, x.Size = l.Ref, 0
	var err error
	switch x.Status {
	case store.Succeeded:
		err = s.endWith(ctx, l, x, result)
	case store.Failed, store.GivenUp, store.Stopped:
		err = s.w.write(ctx, false, func(tx *tx) error { return tx.end(l, &x, nil) })
	default:
		return fmt.Errorf("disk: %v is no end of an execution", x.Status)
	}
	if err == nil || err == store.ErrLost {
		s.ended(l)
	}
	return err
}

// endWith ends an execution with its result.
func (s *Store) endWith(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	w := s.resultWriter()
	defer w.drop()
	if _, err := result.WriteTo(w); err != nil {
		return err
	}
	form, data, err := w.finish()
	if err != nil {
		return err
	}
	x.Size = w.Size
	err = s.w.send(ctx, &op{durable: true, size: len(data), do: func(tx *tx) error {
		return tx.end(l, &x, func() error {
			if form&formFile != 0 {
				tx.files[string(data[:nameSize])] = true // if this fails, nobody uses it
				if err := w.place(data[:nameSize]); err != nil {
					return err
				}
			}
			return tx.put(l, &x, form, data)
		})
	}})
	if err == nil {
		s.gc.put(int64(len(data)) + w.out.size)
		if x.Again {
			s.deletions.look()
		}
	}
	return err
}

// end has the end of an execution kept, and what keep keeps. One that has ended in that way
// already, under the same lease, stays as it is.
func (tx *tx) end(l store.Lease, x *store.Record, keep func() error) error {
	switch status, err := tx.status(l); {
	case err != nil:
		return err
	case status == store.Running:
	case status == x.Status || x.Status == store.Stopped:
		return nil
	default:
		return refusal{store.ErrLost}
	}
	if age := tx.s.o.MaxAge; age > 0 && x.Status == store.Succeeded {
		if end := timeOf(tx.now).Add(age); x.Expires.IsZero() || x.Expires.After(end) {
			x.Expires = end
		}
	}
	if x.Again && x.Status == store.Succeeded {
		if err := tx.replace(l.Key); err != nil {
			return err
		}
	}
	if keep != nil {
		if err := keep(); err != nil {
			return err
		}
	}
	return tx.q(`UPDATE execution SET status = ?, finished = ?, expires = ?, used = ?, text = ?, record = ? WHERE seq = ?`).
		int(int64(x.Status)).int(micros(x.Finished)).int(micros(x.Expires)).int(tx.now).packed(x).
		int(int64(l.Token)).run()
}

// replace drops the result that a call has, since there is another.
func (tx *tx) replace(k key.Key) error {
	live, err := liveOf(tx.conn, k)
	if err != nil || live.status != store.Succeeded {
		return err
	}
	if err := tx.goes(live.seq, store.Replaced, ""); err != nil {
		return err
	}
	return tx.announce(k)
}

// status returns the status of a lease's execution, 0 if there is none.
func (tx *tx) status(l store.Lease) (store.Status, error) {
	status, _, err := tx.q(`SELECT status FROM execution WHERE seq = ? AND key = ?`).int(int64(l.Token)).bytes(l.Key[:]).number()
	return store.Status(status), err
}

// holds returns a refusal when a lease is not held any more.
func (tx *tx) holds(l store.Lease) error {
	status, err := tx.status(l)
	if err == nil && status != store.Running {
		err = refusal{store.ErrLost}
	}
	return err
}

// ended wakes those who wait for the end of a lease.
func (s *Store) ended(l store.Lease) { s.watches.ended(l.Key, l.Token) }

// state is what has to be known of an execution to know whether it runs.
type state struct {
	seq, finished, expires, holder, nonce int64
	status                                store.Status // 0: there is none
}

// newest returns the newest execution of a call.
func newest(c *conn, k key.Key) (st state, err error) {
	return stateOne(c.q(`SELECT ` + stateColumns + ` FROM execution WHERE key = ? ORDER BY seq DESC LIMIT 1`).bytes(k[:]))
}

// liveOf returns the execution that has the result of a call, if its status is Succeeded. Later ones
// were Again, and have come to nothing. The result may have expired, or be lost.
func liveOf(c *conn, k key.Key) (st state, err error) {
	return stateOne(c.q(`SELECT ` + stateColumns + ` FROM execution WHERE key = ? AND (status = 1 OR gone > 0) ORDER BY seq DESC LIMIT 1`).bytes(k[:]))
}

func stateOne(q *stmt) (st state, err error) {
	found, err := q.step()
	if !found {
		return st, err
	}
	st = stateOf(q)
	q.done()
	return st, nil
}

const stateColumns = `seq, status, finished, expires, holder, nonce`

func stateOf(q *stmt) state {
	return state{
		seq: q.colInt(0), status: store.Status(q.colInt(1)), finished: q.colInt(2), expires: q.colInt(3),
		holder: q.colInt(4), nonce: q.colInt(5),
	}
}

func (st *state) lease(r store.Ref) store.Lease {
	return store.Lease{Ref: r, Token: uint64(st.seq), Expires: timeOf(st.expires)}
}

// readHeld returns the lease of an execution that has begun already, or a heldError if
// another one has it.
func (s *Store) readHeld(ctx context.Context, x store.Record) (l store.Lease, err error) {
	var last state
	live := false // there may be a result, too
	err = s.reading(ctx, func(c *conn) (err error) {
		last, err = newest(c, x.Key)
		if err == nil && last.status == store.Running && !x.Again {
			var st state
			st, err = liveOf(c, x.Key)
			live = st.status == store.Succeeded
		}
		return err
	})
	if err != nil || last.status != store.Running {
		return l, err
	}
	held := s.held(x.Ref, &last, time.Now().UnixMicro())
	switch {
	case held == nil:
		return l, nil
	case held.own && x.Nonce != 0 && last.nonce == int64(x.Nonce):
		return last.lease(x.Ref), nil
	case live:
		return l, nil // which begin says
	}
	return l, held
}

// heldError is a HeldError with the identity of the holder.
type heldError struct {
	store.HeldError
	holder int64
	seq    int64
	own    bool // it is this Store
}

// held returns a heldError unless a lease has expired or its holder is dead.
func (s *Store) held(r store.Ref, st *state, now int64) *heldError {
	if st.expires <= now {
		return nil
	}
	e := &heldError{store.HeldError{Ref: r, Expires: timeOf(st.expires), Origin: s.self.origin}, st.holder, st.seq, st.holder == s.self.id}
	if !e.own {
		origin, alive := s.alive(st.holder)
		if !alive {
			return nil
		}
		e.Origin = origin
	}
	return e
}

// Why an execution was lost.
const (
	leaseExpired = "its lease has expired"
	processDied  = "its process has died"
	callDeleted  = "the call was deleted"
)

// whyLost says why an execution that runs is lost. One whose holder has died is known to be
// dead before its lease expires, mostly.
func (s *Store) whyLost(st *state, now int64) string {
	if st.holder != s.self.id {
		if _, alive := s.alive(st.holder); !alive {
			return processDied
		}
	}
	return leaseExpired
}

// lost notes that an execution was lost: when its lease expired, if it did.
func (tx *tx) lost(seq int64, why string) error {
	err := tx.q(`UPDATE execution SET status = ?, finished = min(expires, ?), expires = 0 WHERE seq = ?`).
		int(int64(store.Lost)).int(tx.now).int(seq).run()
	if err != nil {
		return err
	}
	return tx.explain(seq, why)
}

// stop ends an execution that runs, and nobody waits for.
func (tx *tx) stop(seq int64) error {
	return tx.q(`UPDATE execution SET status = ?, finished = ?, expires = 0 WHERE seq = ?`).
		int(int64(store.Stopped)).int(tx.now).int(seq).run()
}

// endAll ends all executions of a holder that run, as far as that can be written.
func (s *Store) endAll(holder int64, end func(tx *tx, seq int64) error) {
	for more := true; more; {
		err := s.gc.write(func(tx *tx) error {
			seqs, err := tx.numbers(`SELECT seq FROM execution WHERE status = 7 AND holder = ? LIMIT ?`, holder, batch)
			more = len(seqs) > 0
			if err == nil {
				_, err = tx.some(len(seqs), func(i int) error { return end(tx, seqs[i]) })
			}
			return err
		})
		more = more && err == nil
	}
}

// awaited returns an error as callers get it. If it says that a key is held, they are
// going to be woken.
func (s *Store) awaited(err error) error {
	if held, ok := err.(*heldError); ok {
		return s.await(held)
	}
	return err
}

// await sees to it that those who watch a key that is held are woken when that
// changes. It returns what callers get.
func (s *Store) await(held *heldError) *store.HeldError {
	if !held.own {
		s.watches.follow(held.Key, held.holder)
	}
	s.watches.at(held.Key, time.Until(held.Expires)+time.Millisecond)
	return &held.HeldError
}
