package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	if len(x.Inputs) > 0 {
		return errors.New("disk: a result with inputs that were found on the way cannot be kept")
	}
	x.Ref, x.Token, x.Size = l.Ref, l.Token, 0
	x.Used, x.Hits, x.Gone = time.Time{}, 0, time.Time{}
	var err error
	switch x.Status {
	case store.Succeeded:
		err = s.endWith(ctx, l, x, result)
	case store.Failed, store.GivenUp:
		err = s.w.write(ctx, false, func(tx *tx) error {
			return tx.endOnce(l, x.Status, func() error { return tx.replace(&x) })
		})
	case store.Stopped:
		err = s.w.write(ctx, false, func(tx *tx) error { return tx.free(l) })
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
	k := sink{s: s}
	defer k.drop()
	if _, err := result.WriteTo(&k); err != nil {
		return err
	}
	form, data, err := k.finish()
	if err != nil {
		return err
	}
	x.Size = k.size
	err = s.w.writeSized(ctx, true, len(data), func(tx *tx) error {
		return tx.endOnce(l, x.Status, func() error {
			if form&formFile != 0 {
				tx.files[string(data[:nameSize])] = true // if this fails, nobody uses it
				if err := k.place(data[:nameSize]); err != nil {
					return err
				}
			}
			return tx.put(&x, form, data)
		})
	})
	if err == nil {
		s.gc.put(int64(len(data)) + k.out.size)
	}
	return err
}

// endOnce has the end of an execution kept, and frees its lease. An execution that has
// ended in that way already, under the same lease, stays as it is.
func (tx *tx) endOnce(l store.Lease, how store.Status, keep func() error) error {
	if err := tx.holds(l); err != nil {
		if tx.hasEnded(l, how) {
			return nil
		}
		return err
	}
	if err := keep(); err != nil {
		return err
	}
	return tx.free(l)
}

// hasEnded tells whether the newest record of a call says that it has ended like this
// under a lease.
func (tx *tx) hasEnded(l store.Lease, how store.Status) bool {
	q := tx.q(`SELECT status, record FROM call WHERE key = ?`).bytes(l.Key[:])
	if found, err := q.step(); !found || err != nil {
		return false
	}
	defer q.done()
	r := store.Record{Ref: l.Ref}
	return store.Status(q.colInt(0)) == how && (&unpacker{}).unpack(&r, q.colView(1)) == nil && r.Token == l.Token
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, refs ...store.Ref) (int, error) {
	if len(refs) == 0 {
		return 0, s.check(ctx)
	}
	deleted := 0
	err := s.w.write(ctx, true, func(tx *tx) error {
		deleted = 0
		for _, r := range refs {
			found, err := tx.deleteResult(r.Key)
			if err != nil {
				return err
			}
			leased, err := tx.deleteLease(r)
			if err != nil {
				return err
			}
			if err := tx.announce(r.Key); err != nil {
				return err
			}
			if found || leased {
				deleted++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, r := range refs {
		s.wake.ring(r.Key)
	}
	s.deletions.look()
	return deleted, nil
}

// deleteResult drops what is kept of a key, and reports whether it had a result.
func (tx *tx) deleteResult(k key.Key) (found bool, err error) {
	token, found, err := tx.live(k)
	switch {
	case err != nil:
		return false, err
	case !found:
		return false, tx.forget(k)
	}
	return true, tx.discard(k, token, store.Deleted, "")
}

// deleteLease ends the lease on a key, and reports whether somebody had it.
func (tx *tx) deleteLease(r store.Ref) (found bool, err error) {
	token, holder, expires, err := leaseOf(tx.conn, r.Key)
	if token == 0 || err != nil {
		return false, err
	}
	return tx.s.held(r, holder, expires, tx.now) != nil, tx.q(`DELETE FROM lease WHERE token = ?`).int(token).run()
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	err := s.w.write(ctx, false, func(tx *tx) error { return tx.discard(e.Key, int64(e.Token), how, why) })
	s.wake.ring(e.Key)
	return err
}

// live returns the token of a call's result, if there is one that has not expired.
func (tx *tx) live(k key.Key) (token int64, found bool, err error) {
	return tx.q(`SELECT token FROM result WHERE seq = (SELECT seq FROM call WHERE key = ?)
		AND (expires = 0 OR expires > ? AND finished <= ?)`).bytes(k[:]).int(tx.now).int(tx.now + tolerance).number()
}

// put keeps a result.
func (tx *tx) put(r *store.Record, form int64, data []byte) error {
	if age := tx.s.o.MaxAge; age > 0 {
		if end := timeOf(tx.now).Add(age); r.Expires.IsZero() || r.Expires.After(end) {
			r.Expires = end
		}
	}
	if err := tx.replace(r); err != nil {
		return err
	}
	row := kept{
		ref: r.Ref, token: int64(r.Token), finished: micros(r.Finished), expires: micros(r.Expires),
		size: r.Size, form: form, data: data,
	}
	sum := row.checksum()
	err := tx.q(`INSERT INTO result(seq, token, finished, expires, size, form, sum, data) VALUES(?, ?, ?, ?, ?, ?, ?, ?)`).
		int(tx.last()).int(row.token).int(row.finished).int(row.expires).int(row.size).int(form).bytes(sum[:]).bytes(data).run()
	if err == nil && form&formFile != 0 {
		err = tx.refer(data)
	}
	return err
}

// refer counts one more result in a file.
func (tx *tx) refer(ref []byte) error {
	size := int64(binary.LittleEndian.Uint64(ref[nameSize:]))
	err := tx.q(`INSERT INTO file(name, size, refs) VALUES(?, ?, 1) ON CONFLICT DO UPDATE SET refs = refs + 1`).
		bytes(ref[:nameSize]).int(size).run()
	if err != nil {
		return err
	}
	refs, _, err := tx.q(`SELECT refs FROM file WHERE name = ?`).bytes(ref[:nameSize]).number()
	if err != nil || refs > 1 {
		return err
	}
	return tx.q(`UPDATE total SET files = files + ?`).int(size).run()
}

// release counts one result less in a file, which goes with the last.
func (tx *tx) release(ref []byte) error {
	size := int64(binary.LittleEndian.Uint64(ref[nameSize:]))
	name := ref[:nameSize]
	if err := tx.q(`UPDATE file SET refs = refs - 1 WHERE name = ?`).bytes(name).run(); err != nil {
		return err
	}
	if err := tx.q(`DELETE FROM file WHERE name = ? AND refs <= 0`).bytes(name).run(); err != nil || tx.changes() == 0 {
		return err
	}
	tx.files[string(name)] = true
	return tx.q(`UPDATE total SET files = files - ?`).int(size).run()
}

// replace keeps a record instead of what there is of its key. Its row is the last
// that was inserted then.
func (tx *tx) replace(r *store.Record) error {
	work, scope, err := tx.scope(r)
	if err != nil {
		return err
	}
	if r.Earlier, err = tx.earlier(r.Key); err != nil {
		return err
	}
	if err := tx.forget(r.Key); err != nil {
		return err
	}
	return tx.q(`INSERT INTO call(key, work, scope, status, finished, expires, kept, used, hits, record)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`).
		bytes(r.Key[:]).int(work).int(scope).int(int64(r.Status)).int(micros(r.Finished)).int(micros(r.Expires)).
		int(tx.now).int(tx.now).bytes(pack(r)).run()
}

// earlier returns what is to be remembered of the record of a key that is replaced.
func (tx *tx) earlier(k key.Key) (e store.Earlier, err error) {
	q := tx.q(`SELECT status, finished, expires, kept, record FROM call WHERE key = ?`).bytes(k[:])
	found, err := q.step()
	if !found {
		return e, err
	}
	defer q.done()
	r := store.Record{
		Ref: store.Ref{Key: k}, Status: store.Status(q.colInt(0)), Finished: timeOf(q.colInt(1)), Expires: timeOf(q.colInt(2)), Gone: timeOf(q.colInt(3)),
	}
	if r.Status == store.Succeeded { // or nobody would have a lease
		r.Status, r.Gone = store.Expired, r.Expires
	}
	_ = (&unpacker{}).unpack(&r, q.colView(4)) // if that is damaged it says nothing of errors
	return r.AsEarlier(), nil
}

// forget drops all that is kept of a key, but for its lease.
func (tx *tx) forget(k key.Key) error {
	seq, found, err := tx.q(`SELECT seq FROM call WHERE key = ?`).bytes(k[:]).number()
	if !found || err != nil {
		return err
	}
	return tx.dropCall(seq)
}

func (tx *tx) dropCall(seq int64) error {
	if err := tx.dropResult(seq); err != nil {
		return err
	}
	return tx.q(`DELETE FROM call WHERE seq = ?`).int(seq).run()
}

// discard drops the result of a key, if it is still the one of some token, and keeps in
// mind how it went.
func (tx *tx) discard(k key.Key, token int64, how store.Status, why string) error {
	q := tx.q(`SELECT seq, record FROM call JOIN result USING(seq) WHERE key = ? AND token = ?`).bytes(k[:]).int(token)
	found, err := q.step()
	if !found {
		return err
	}
	seq := q.colInt(0)
	r := store.Record{Ref: store.Ref{Key: k}}
	broken := (&unpacker{}).unpack(&r, q.colView(1))
	q.done()
	if err := tx.dropResult(seq); err != nil {
		return err
	}
	if why == "" {
		return tx.q(`UPDATE call SET status = ?, kept = ? WHERE seq = ?`).int(int64(how)).int(tx.now).int(seq).run()
	}
	if broken != nil {
		r = store.Record{Ref: store.Ref{Key: k}}
	}
	r.Error = why
	return tx.q(`UPDATE call SET status = ?, kept = ?, record = ? WHERE seq = ?`).
		int(int64(how)).int(tx.now).bytes(pack(&r)).int(seq).run()
}

func (tx *tx) dropResult(seq int64) error {
	q := tx.q(`SELECT data FROM result WHERE seq = ? AND form & 2`).int(seq)
	found, err := q.step()
	if err != nil {
		return err
	}
	if found {
		ref := append([]byte{}, q.colView(0)...)
		q.done()
		if len(ref) == refSize {
			if err := tx.release(ref); err != nil {
				return err
			}
		}
	}
	return tx.q(`DELETE FROM result WHERE seq = ?`).int(seq).run()
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
