package disk

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Acquire implements store.Store. That a key is held is found out without writing.
func (s *Store) Acquire(ctx context.Context, k key.Key) (store.Lease, error) {
	if err := s.check(ctx); err != nil {
		return store.Lease{}, err
	}
	if err := s.readHeld(ctx, k); err != nil {
		return store.Lease{}, s.await(err)
	}
	var l store.Lease
	err := s.w.write(ctx, false, func(tx *tx) error {
		if _, found, err := tx.live(k); err != nil {
			return err
		} else if found {
			return refusal{store.ErrFinished}
		}
		token, holder, expires, err := leaseOf(tx.conn, k)
		if err != nil {
			return err
		}
		if token != 0 {
			if held := s.held(k, holder, expires, tx.now); held != nil {
				return refusal{held}
			}
			if err := tx.q(`DELETE FROM lease WHERE token = ?`).int(token).run(); err != nil {
				return err
			}
		}
		l, err = tx.lease(k)
		return err
	})
	if err != nil {
		return store.Lease{}, s.await(err)
	}
	s.wake.began(k, l.Token)
	return l, nil
}

// lease makes a lease. Tokens are the time at which they were given, or more: they
// grow even when power was lost before the last ones had reached the disk.
func (tx *tx) lease(k key.Key) (store.Lease, error) {
	last, _, err := tx.q(`SELECT seq FROM sqlite_sequence WHERE name = 'lease'`).number()
	if err != nil {
		return store.Lease{}, err
	}
	l := store.Lease{Key: k, Token: uint64(max(last+1, tx.now)), Expires: timeOf(tx.now).Add(tx.s.o.Lease)}
	err = tx.q(`INSERT INTO lease(token, key, holder, expires) VALUES(?, ?, ?, ?)`).
		int(int64(l.Token)).bytes(k[:]).int(tx.s.self.id).int(micros(l.Expires)).run()
	return l, err
}

// leaseOf returns the lease of a key; token 0 says that there is none.
func leaseOf(c *conn, k key.Key) (token, holder, expires int64, err error) {
	q := c.q(`SELECT token, holder, expires FROM lease WHERE key = ?`).bytes(k[:])
	found, err := q.step()
	if !found {
		return 0, 0, 0, err
	}
	token, holder, expires = q.colInt(0), q.colInt(1), q.colInt(2)
	q.done()
	return token, holder, expires, nil
}

// readHeld returns a HeldError if a key is leased to somebody.
func (s *Store) readHeld(ctx context.Context, k key.Key) error {
	c, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	token, holder, expires, err := leaseOf(c, k)
	s.readers.give(c)
	if token == 0 || err != nil {
		return err
	}
	if held := s.held(k, holder, expires, time.Now().UnixMicro()); held != nil {
		return held
	}
	return nil
}

// heldError is a HeldError with the identity of the holder.
type heldError struct {
	store.HeldError
	holder int64
}

// held returns a heldError unless a lease has expired or its holder is dead.
func (s *Store) held(k key.Key, holder, expires, now int64) *heldError {
	if expires <= now {
		return nil
	}
	e := &heldError{store.HeldError{Key: k, Expires: timeOf(expires), Origin: s.self.origin}, holder}
	if holder != s.self.id {
		origin, alive := s.alive(holder)
		if !alive {
			return nil
		}
		e.Origin = origin
	}
	return e
}

// await sees to it that those who watch a key that is held are woken when that
// changes. It returns err, as callers get it.
func (s *Store) await(err error) error {
	held, ok := err.(*heldError)
	if !ok {
		return err
	}
	if held.holder != s.self.id {
		s.wake.follow(held.Key, held.holder)
	}
	s.wake.at(held.Key, time.Until(held.Expires)+time.Millisecond)
	return &held.HeldError
}

// holds returns a refusal when a lease is not held any more.
func (tx *tx) holds(l store.Lease) error {
	token, _, _, err := leaseOf(tx.conn, l.Key)
	if err == nil && (token == 0 || token != int64(l.Token)) {
		return refusal{store.ErrLost}
	}
	return err
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease) (store.Lease, error) {
	if err := s.check(ctx); err != nil {
		return store.Lease{}, err
	}
	err := s.w.write(ctx, false, func(tx *tx) error {
		if err := tx.holds(l); err != nil {
			return err
		}
		l.Expires = timeOf(tx.now).Add(s.o.Lease)
		return tx.q(`UPDATE lease SET expires = ? WHERE token = ?`).int(micros(l.Expires)).int(int64(l.Token)).run()
	})
	if err == store.ErrLost {
		s.wake.ended(l.Key, l.Token)
	}
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	err := s.w.write(ctx, false, func(tx *tx) error {
		return tx.q(`DELETE FROM lease WHERE token = ? AND key = ?`).int(int64(l.Token)).bytes(l.Key[:]).run()
	})
	if err == nil {
		s.wake.ended(l.Key, l.Token)
	}
	return err
}
