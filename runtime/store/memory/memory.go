// Package memory is a store in the memory of one process, for tests and as the shortest
// example of a backend. It evicts nothing. It decodes each result that it is given, and
// refuses one that does not come back equal.
package memory

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

// Store is one handle of a store. Several may share what is kept, as processes
// share a durable store: see Another.
type Store struct {
	shared *shared
	closed bool // shared.mu
}

var _ interface {
	store.Store
	store.Announcer
} = (*Store)(nil)

// shared is what all handles of a store have in common.
type shared struct {
	lease time.Duration

	mu      sync.Mutex
	last    uint64 // token or sequence number that was given last
	results map[key.Key]*result
	leases  map[key.Key]held
	watches map[key.Key]map[chan struct{}]struct{}
	tells   []func(deleted []key.Key) bool
}

// result is a record, and the result if it is of one that is there.
type result struct {
	record store.Record
	data   []byte
}

// held is a lease, and the handle that has it.
type held struct {
	store.Lease
	holder *Store
}

// New makes an empty store. Its leases expire after the given time if they are
// not renewed; 0 means 30 seconds.
func New(lease time.Duration) *Store {
	if lease <= 0 {
		lease = 30 * time.Second
	}
	return &Store{shared: &shared{
		lease:   lease,
		results: map[key.Key]*result{},
		leases:  map[key.Key]held{},
		watches: map[key.Key]map[chan struct{}]struct{}{},
	}}
}

// Another returns one more handle of what s keeps. Closing it leaves s open.
func (s *Store) Another() *Store { return &Store{shared: s.shared} }

// lock takes the mutex, unless the context has ended or s was closed.
func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.shared.mu.Lock()
	if s.closed {
		s.shared.mu.Unlock()
		return store.ErrClosed
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, k key.Key) (*store.Entry, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.shared.mu.Unlock()
	r := s.shared.live(k)
	if r == nil {
		return nil, store.ErrNotFound
	}
	r.record.Used = time.Now()
	r.record.Hits++
	return &store.Entry{
		Key: k, Token: r.record.Token, Finished: r.record.Finished, Expires: r.record.Expires,
		Size: r.record.Size, Data: r.data,
	}, nil
}

// live returns what is kept of a call that has a result, otherwise nil. An
// expired one goes. mu is held.
func (s *shared) live(k key.Key) *result {
	r := s.results[k]
	if r == nil || r.record.Status != store.Succeeded {
		return nil
	}
	if now := time.Now(); store.HasExpired(r.record.Finished, r.record.Expires, now) {
		r.record.Status, r.record.Gone, r.data = store.Expired, now, nil
		return nil
	}
	return r
}

// earlier returns what is to be remembered of a key that gets a new record. mu is held.
func (s *shared) earlier(k key.Key) store.Earlier {
	s.live(k)
	if r := s.results[k]; r != nil {
		return r.record.AsEarlier()
	}
	return store.Earlier{}
}

// Acquire implements store.Store.
func (s *Store) Acquire(ctx context.Context, k key.Key) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	if s.shared.live(k) != nil {
		return store.Lease{}, store.ErrFinished
	}
	now := time.Now()
	if l, ok := s.shared.leases[k]; ok && now.Before(l.Expires) {
		return store.Lease{}, &store.HeldError{Key: k, Expires: l.Expires}
	}
	s.shared.last++
	l := store.Lease{Key: k, Token: s.shared.last, Expires: now.Add(s.shared.lease)}
	s.shared.leases[k] = held{l, s}
	return l, nil
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	own, ok := s.shared.leases[l.Key]
	if !ok || own.Token != l.Token {
		return store.Lease{}, store.ErrLost
	}
	own.Expires = time.Now().Add(s.shared.lease)
	s.shared.leases[l.Key] = own
	return own.Lease, nil
}

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	if s.shared.leases[l.Key].Token == l.Token {
		s.shared.end(l.Key)
	}
	return nil
}

// end ends a lease. mu is held.
func (s *shared) end(k key.Key) {
	delete(s.leases, k)
	s.wake(k)
}

// wake tells those who watch k. mu is held.
func (s *shared) wake(k key.Key) {
	for changed := range s.watches[k] {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, l store.Lease, r store.Record, from io.WriterTo) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	s.shared.mu.Unlock()
	var data bytes.Buffer
	if _, err := from.WriteTo(&data); err != nil {
		return err
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	if s.shared.leases[l.Key].Token != l.Token || l.Token == 0 {
		return store.ErrLost
	}
	s.shared.last++
	r.Key, r.Seq, r.Status, r.Token, r.Size = l.Key, s.shared.last, store.Succeeded, l.Token, int64(data.Len())
	r.Used, r.Hits, r.Gone, r.Earlier = time.Time{}, 0, time.Time{}, s.shared.earlier(l.Key)
	s.shared.results[l.Key] = &result{record: r, data: append([]byte{}, data.Bytes()...)}
	s.shared.end(l.Key)
	return nil
}

// Note implements store.Store.
func (s *Store) Note(ctx context.Context, r store.Record) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	if s.shared.live(r.Key) != nil {
		return nil
	}
	s.shared.last++
	r.Seq, r.Status, r.Gone, r.Earlier = s.shared.last, store.Failed, time.Time{}, s.shared.earlier(r.Key)
	s.shared.results[r.Key] = &result{record: r}
	return nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, keys ...key.Key) (int, error) {
	n, tells, err := s.delete(ctx, keys)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	for _, tell := range tells {
		tell(keys)
	}
	return n, nil
}

// Announce implements store.Announcer. Whoever was told is told for ever, as a store
// in memory does not live long.
func (s *Store) Announce(tell func(deleted []key.Key) bool) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	s.shared.tells = append(s.shared.tells, tell)
}

// delete also returns who is to be told.
func (s *Store) delete(ctx context.Context, keys []key.Key) (n int, tells []func([]key.Key) bool, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, nil, err
	}
	defer s.shared.mu.Unlock()
	for _, k := range keys {
		r, leased := s.shared.live(k), time.Now().Before(s.shared.leases[k].Expires)
		if r != nil {
			r.record.Status, r.record.Gone, r.data = store.Deleted, time.Now(), nil
		} else {
			delete(s.shared.results, k)
		}
		if r != nil || leased {
			n++
		}
		s.shared.end(k)
	}
	return n, slices.Clone(s.shared.tells), nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	if r := s.shared.live(e.Key); r != nil && r.record.Token == e.Token {
		r.record.Status, r.record.Gone, r.record.Error, r.data = how, time.Now(), why, nil
		s.shared.wake(e.Key)
	}
	return nil
}

// Codec implements store.Store.
func (s *Store) Codec() store.Codec { return codec.Codec{Verify: true} }

// Close implements store.Store.
func (s *Store) Close() error {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for k, l := range s.shared.leases {
		if l.holder == s {
			s.shared.end(k)
		}
	}
	return nil
}
