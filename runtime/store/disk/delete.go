package disk

import (
	"context"
	"encoding/binary"

	"github.com/workgen/workgen/runtime/store"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, refs ...store.Ref) (int, error) {
	if len(refs) == 0 {
		return 0, s.check(ctx)
	}
	deleted := 0
	err := s.w.clear(ctx, true, func(tx *tx) error {
		deleted = 0
		for _, r := range refs {
			found, err := tx.delete(r)
			if err != nil {
				return err
			}
			if err := tx.announce(r.Key); err != nil {
				return err
			}
			if found {
				deleted++
			}
		}
		return nil
	})
	if n := len(refs) / 2; n > 0 && isFull(err) {
		deleted, err := s.Delete(ctx, refs[:n]...)
		if err != nil {
			return deleted, err
		}
		rest, err := s.Delete(ctx, refs[n:]...)
		return deleted + rest, err
	}
	if err != nil {
		return 0, err
	}
	for _, r := range refs {
		s.watches.ring(r.Key)
	}
	s.deletions.look()
	return deleted, nil
}

// delete deletes one call, and reports whether it had a result or a lease.
func (tx *tx) delete(r store.Ref) (found bool, err error) {
	last, err := newest(tx.conn, r.Key)
	if err != nil || last.status == 0 {
		return false, err
	}
	live, err := liveOf(tx.conn, r.Key)
	if err != nil {
		return false, err
	}
	if live.status == store.Succeeded {
		how := store.Deleted
		if hasExpired(live.finished, live.expires, tx.now) {
			how = store.Expired
		}
		found = how == store.Deleted
		if err := tx.goes(live.seq, how, ""); err != nil {
			return false, err
		}
	}
	if last.status == store.Running {
		held, why := true, callDeleted
		if tx.s.held(r, &last, tx.now) == nil {
			held, why = false, tx.s.whyLost(&last, tx.now)
		}
		if err := tx.lost(last.seq, why); err != nil {
			return false, err
		}
		found = found || held
	}
	return found, tx.q(`UPDATE execution SET gone = ? WHERE seq = ? AND gone = 0`).int(tx.now).int(last.seq).run()
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	err := s.w.write(ctx, false, func(tx *tx) error {
		if how == 0 {
			return tx.dropRecord(e.Ref, int64(e.Token))
		}
		live, err := liveOf(tx.conn, e.Key)
		if err != nil || live.seq != int64(e.Token) {
			return err
		}
		return tx.goes(live.seq, how, why)
	})
	s.watches.ring(e.Key)
	if err == store.ErrReadOnly {
		return nil // the next one who looks finds it again
	}
	return err
}

// dropRecord drops the record of an execution, and those before it of the call, but for what is a
// result or leased. What is of the future, since the clock was set back, stays until it is not any
// more, so that tokens grow.
func (tx *tx) dropRecord(r store.Ref, seq int64) error {
	live, err := liveOf(tx.conn, r.Key)
	if err == nil && live.status == store.Succeeded && live.seq <= seq && hasExpired(live.finished, live.expires, tx.now) {
		err = tx.goes(live.seq, store.Expired, "")
	}
	if err != nil {
		return err
	}
	last, err := newest(tx.conn, r.Key)
	if err == nil && last.status == store.Running && last.seq <= seq && tx.s.held(r, &last, tx.now) == nil {
		err = tx.lost(last.seq, tx.s.whyLost(&last, tx.now))
	}
	if err != nil {
		return err
	}
	err = tx.q(`DELETE FROM execution WHERE key = ? AND seq <= ? AND status NOT IN (1, 7)`).bytes(r.Key[:]).int(min(seq, tx.now-1)).run()
	if err != nil || tx.changes() == 0 {
		return err
	}
	return tx.dropArguments(`SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM execution WHERE key = ?1)`, r.Key[:])
}

// goes drops the result of an execution, if there is one, and notes how it went.
func (tx *tx) goes(seq int64, how store.Status, why string) error {
	err := tx.q(`UPDATE execution SET status = ?, gone = ? WHERE seq = ? AND status = 1`).int(int64(how)).int(tx.now).int(seq).run()
	if err != nil || tx.changes() == 0 {
		return err
	}
	if why != "" {
		if err := tx.explain(seq, why); err != nil {
			return err
		}
	}
	if how == store.Evicted {
		if err := tx.dropArguments(`SELECT key FROM execution WHERE seq = ?`, seq); err != nil {
			return err
		}
	}
	return tx.dropResult(seq)
}

// explain notes why an execution was lost, or its result has gone.
func (tx *tx) explain(seq int64, why string) error {
	q := tx.q(`SELECT key, text, record FROM execution WHERE seq = ?`).int(seq)
	found, err := q.step()
	if !found {
		return err
	}
	r := store.Record{Ref: store.Ref{Key: q.colKey(0)}}
	_ = (&unpacker{}).unpack(&r, q.colView(1), q.colView(2)) // what is damaged says less
	q.done()
	r.Error = why
	return tx.q(`UPDATE execution SET text = ?, record = ? WHERE seq = ?`).packed(&r).int(seq).run()
}

// put keeps the result of an execution.
func (tx *tx) put(l store.Lease, r *store.Record, form int64, data []byte) error {
	row := result{
		ref: l.Ref, seq: int64(l.Token), finished: micros(r.Finished), expires: micros(r.Expires),
		size: r.Size, form: form, data: data,
	}
	sum := row.checksum()
	err := tx.q(`INSERT INTO result(seq, finished, expires, size, form, sum, data) VALUES(?, ?, ?, ?, ?, ?, ?)`).
		int(row.seq).int(row.finished).int(row.expires).int(row.size).int(form).bytes(sum[:]).bytes(data).run()
	if err == nil && form&formFile != 0 {
		err = tx.refer(data)
	}
	return err
}

// dropResult drops the result of an execution, if there is one.
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
	return tx.q(`UPDATE total SET files = files + ? WHERE id = 1`).int(size).run()
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
	return tx.q(`UPDATE total SET files = files - ? WHERE id = 1`).int(size).run()
}
