// Package memory is a store in the memory of one process, for tests and as the shortest
// example of a backend. It evicts nothing. It decodes each result that it is given, and
// refuses one that does not come back equal.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
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

var _ store.Store = (*Store)(nil)

// shared is what all handles of a store have in common.
type shared struct {
	lease time.Duration

	mu      sync.Mutex
	last    uint64 // token, sequence number or version that was given last
	results map[key.Key]*result
	leases  map[key.Key]*lease
	marks   map[string]store.Mark
	watches map[key.Key]map[chan struct{}]struct{}
	tells   map[*teller]struct{}
}

// result is the newest record of a call of which an execution has ended, and its result
// if there is one.
type result struct {
	record store.Record
	data   []byte
}

// lease is an execution that has begun, and the handle that has it.
type lease struct {
	store.Lease
	record store.Record
	holder *Store
}

// teller is one who is told what was deleted.
type teller struct {
	tell func(deleted []store.Ref) bool
}

// New makes an empty store. Its leases expire after the given time if they are
// not renewed; 0 means 30 seconds.
func New(expire time.Duration) *Store {
	if expire <= 0 {
		expire = 30 * time.Second
	}
	return &Store{shared: &shared{
		lease:   expire,
		results: map[key.Key]*result{},
		leases:  map[key.Key]*lease{},
		marks:   map[string]store.Mark{},
		watches: map[key.Key]map[chan struct{}]struct{}{},
		tells:   map[*teller]struct{}{},
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

// Lookup implements store.Store.
func (s *Store) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	for i, ref := range refs {
		found[i] = s.shared.lookup(ref)
	}
	return nil
}

// lookup needs mu.
func (s *shared) lookup(ref store.Ref) (f store.Found) {
	if r := s.live(ref.Key); r != nil {
		r.record.Used = time.Now()
		r.record.Hits++
		f.Results = []*store.Entry{{
			Ref: ref, Token: r.record.Token, Finished: r.record.Finished, Expires: r.record.Expires,
			Size: r.record.Size, Inputs: r.record.Inputs, Data: r.data,
		}}
		return f
	}
	if r := s.results[ref.Key]; r != nil {
		latest := r.record
		f.Latest = &latest
	}
	if l := s.held(ref.Key); l != nil {
		f.Holder = l.heldBy()
	}
	return f
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

// held returns the lease of a call, nil if it has none, or it has expired. mu is held.
func (s *shared) held(k key.Key) *lease {
	if l := s.leases[k]; l != nil && time.Now().Before(l.Expires) {
		return l
	}
	return nil
}

func (l *lease) heldBy() *store.HeldError {
	return &store.HeldError{Ref: l.Ref, Expires: l.Expires, Origin: l.record.Origin}
}

// Begin implements store.Store.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	if s.shared.live(x.Key) != nil {
		return store.Lease{}, store.ErrFinished
	}
	if l := s.shared.held(x.Key); l != nil {
		if l.holder == s && l.record.Nonce == x.Nonce && x.Nonce != 0 {
			return l.Lease, nil
		}
		return store.Lease{}, l.heldBy()
	}
	s.shared.last++
	x.Seq, x.Status, x.Token = s.shared.last, store.Running, s.shared.last
	l := &lease{store.Lease{Ref: x.Ref, Token: x.Token, Expires: time.Now().Add(s.shared.lease)}, x, s}
	s.shared.leases[x.Key] = l
	return l.Lease, nil
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	own := s.shared.leases[l.Key]
	if own == nil || own.Token != l.Token {
		return store.Lease{}, store.ErrLost
	}
	own.Expires = time.Now().Add(s.shared.lease)
	return own.Lease, nil
}

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	s.shared.mu.Unlock()
	var data []byte
	switch x.Status {
	case store.Succeeded:
		var b bytes.Buffer
		if _, err := from.WriteTo(&b); err != nil {
			return err
		}
		data = append([]byte{}, b.Bytes()...)
	case store.Failed, store.GivenUp, store.Stopped:
	default:
		return fmt.Errorf("memory: %v is no end of an execution", x.Status)
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.shared.mu.Unlock()
	if own := s.shared.leases[l.Key]; own == nil || own.Token != l.Token {
		if s.shared.hasEnded(l, x.Status) {
			return nil
		}
		return store.ErrLost
	}
	if x.Status != store.Stopped { // which leaves nothing
		s.shared.last++
		x.Ref, x.Seq, x.Token, x.Size = l.Ref, s.shared.last, l.Token, int64(len(data))
		x.Used, x.Hits, x.Gone, x.Earlier = time.Time{}, 0, time.Time{}, s.shared.earlier(l.Key)
		s.shared.results[l.Key] = &result{record: x, data: data}
	}
	s.shared.free(l.Key)
	return nil
}

// hasEnded tells whether an execution has ended like this already. mu is held.
func (s *shared) hasEnded(l store.Lease, how store.Status) bool {
	r := s.results[l.Key]
	return how == store.Stopped || r != nil && r.record.Token == l.Token && r.record.Status == how
}

// earlier returns what is to be remembered of a key that gets a new record. mu is held.
func (s *shared) earlier(k key.Key) store.Earlier {
	s.live(k)
	if r := s.results[k]; r != nil {
		return r.record.AsEarlier()
	}
	return store.Earlier{}
}

// free ends a lease. mu is held.
func (s *shared) free(k key.Key) {
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

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, refs ...store.Ref) (int, error) {
	n, tells, err := s.delete(ctx, refs)
	if err != nil || len(refs) == 0 {
		return 0, err
	}
	for _, t := range tells {
		if !t.tell(refs) {
			s.shared.mu.Lock()
			delete(s.shared.tells, t)
			s.shared.mu.Unlock()
		}
	}
	return n, nil
}

// delete also returns who is to be told.
func (s *Store) delete(ctx context.Context, refs []store.Ref) (n int, tells []*teller, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, nil, err
	}
	defer s.shared.mu.Unlock()
	for _, ref := range refs {
		r, leased := s.shared.live(ref.Key), s.shared.held(ref.Key) != nil
		if r != nil {
			r.record.Status, r.record.Gone, r.data = store.Deleted, time.Now(), nil
		} else {
			delete(s.shared.results, ref.Key)
		}
		if r != nil || leased {
			n++
		}
		s.shared.free(ref.Key)
	}
	return n, slices.Collect(maps.Keys(s.shared.tells)), nil
}

// OnDelete implements store.Store.
func (s *Store) OnDelete(tell func(deleted []store.Ref) bool) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	s.shared.tells[&teller{tell}] = struct{}{}
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

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (store.Mark, error) {
	if err := s.lock(ctx); err != nil {
		return store.Mark{}, err
	}
	defer s.shared.mu.Unlock()
	return s.shared.marks[name], nil
}

// SetMark implements store.Store.
func (s *Store) SetMark(ctx context.Context, name string, m store.Mark) (store.Mark, error) {
	if err := s.lock(ctx); err != nil {
		return store.Mark{}, err
	}
	defer s.shared.mu.Unlock()
	if s.shared.marks[name].Version != m.Version {
		return store.Mark{}, store.ErrConflict
	}
	s.shared.last++
	m.Version = s.shared.last
	s.shared.marks[name] = m
	return m, nil
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
			s.shared.free(k)
		}
	}
	return nil
}
