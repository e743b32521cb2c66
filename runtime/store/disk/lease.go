package disk

import (
	"context"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Begin implements store.Store. That a key is held is found out without writing. Of x
// nothing is kept but the lease.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.check(ctx); err != nil {
		return store.Lease{}, err
	}
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
	s.wake.began(x.Key, l.Token)
	return l, nil
}

// begin makes a lease, or returns that of an execution that has begun already.
func (tx *tx) begin(x store.Record) (l store.Lease, err error) {
	if _, found, err := tx.live(x.Key); err != nil {
		return l, err
	} else if found {
		return l, refusal{store.ErrFinished}
	}
	token, holder, expires, err := leaseOf(tx.conn, x.Key)
	if err != nil {
		return l, err
	}
	if held := tx.s.held(x.Ref, holder, expires, tx.now); token != 0 && held != nil {
		if tx.s.begun.is(x, held, token) {
			return store.Lease{Ref: x.Ref, Token: uint64(token), Expires: held.Expires}, nil
		}
		return l, refusal{held}
	}
	if token != 0 {
		if err := tx.q(`DELETE FROM lease WHERE token = ?`).int(token).run(); err != nil {
			return l, err
		}
	}
	return tx.lease(x)
}

// lease makes a lease. Tokens are the time at which they were given, or more: they
// grow even when power was lost before the last ones had reached the disk.
func (tx *tx) lease(x store.Record) (store.Lease, error) {
	last, _, err := tx.q(`SELECT seq FROM sqlite_sequence WHERE name = 'lease'`).number()
	if err != nil {
		return store.Lease{}, err
	}
	l := store.Lease{Ref: x.Ref, Token: uint64(max(last+1, tx.now)), Expires: timeOf(tx.now).Add(tx.s.o.Lease)}
	tx.s.begun.add(x, l.Token)
	err = tx.q(`INSERT INTO lease(token, key, holder, expires) VALUES(?, ?, ?, ?)`).
		int(int64(l.Token)).bytes(x.Key[:]).int(tx.s.self.id).int(micros(l.Expires)).run()
	return l, err
}

// begun is what this Store remembers of its leases, so that Begin can be repeated.
type begun struct {
	mu     sync.Mutex
	leases map[key.Key]nonce
}

// nonce is that of an execution which has a lease, or was to have it.
type nonce struct{ nonce, token uint64 }

func (b *begun) add(x store.Record, token uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.leases == nil {
		b.leases = map[key.Key]nonce{}
	}
	b.leases[x.Key] = nonce{x.Nonce, token}
}

// is tells whether a lease was given to an execution.
func (b *begun) is(x store.Record, held *heldError, token int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return held.own && x.Nonce != 0 && b.leases[x.Key] == nonce{x.Nonce, uint64(token)}
}

func (b *begun) remove(l store.Lease) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.leases[l.Key].token == l.Token {
		delete(b.leases, l.Key)
	}
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

// readHeld returns the lease of an execution that has begun already, or a heldError if
// another one has it.
func (s *Store) readHeld(ctx context.Context, x store.Record) (l store.Lease, err error) {
	c, err := s.readers.take(ctx)
	if err != nil {
		return l, err
	}
	token, holder, expires, err := leaseOf(c, x.Key)
	s.readers.give(c)
	if token == 0 || err != nil {
		return l, err
	}
	held := s.held(x.Ref, holder, expires, time.Now().UnixMicro())
	switch {
	case held == nil:
		return l, nil
	case s.begun.is(x, held, token):
		return store.Lease{Ref: x.Ref, Token: uint64(token), Expires: held.Expires}, nil
	}
	return l, held
}

// heldError is a HeldError with the identity of the holder.
type heldError struct {
	store.HeldError
	holder int64
	own    bool // it is this Store
}

// held returns a heldError unless a lease has expired or its holder is dead.
func (s *Store) held(r store.Ref, holder, expires, now int64) *heldError {
	if expires <= now {
		return nil
	}
	e := &heldError{store.HeldError{Ref: r, Expires: timeOf(expires), Origin: s.self.origin}, holder, holder == s.self.id}
	if !e.own {
		origin, alive := s.alive(holder)
		if !alive {
			return nil
		}
		e.Origin = origin
	}
	return e
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

// free ends a lease that is held.
func (tx *tx) free(l store.Lease) error {
	return tx.q(`DELETE FROM lease WHERE token = ? AND key = ?`).int(int64(l.Token)).bytes(l.Key[:]).run()
}

// ended wakes those who wait for the end of a lease, and forgets it.
func (s *Store) ended(l store.Lease) {
	s.begun.remove(l)
	s.wake.ended(l.Key, l.Token)
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
		s.ended(l)
	}
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}
