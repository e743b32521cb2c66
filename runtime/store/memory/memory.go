// Package memory is a store in the memory of one process, for tests and as the shortest
// example of a backend. It evicts nothing. It decodes each result that it is given, and
// refuses one that does not come back equal.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
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

	mu         sync.Mutex
	last       uint64       // token or version that was given last
	executions []*execution // in the order in which they began
	calls      map[key.Key]*execution
	marks      map[string]store.Mark
	watches    map[key.Key]map[chan struct{}]struct{}
	tells      map[*teller]struct{}

	queued queued
}

// execution is one of a call. While its status is Succeeded, data is the result of the call: that
// is so of one execution of a call at most, of which all later ones are Again, and have failed or
// not ended. Of the newest one, which calls has, expires is that of the lease while it is Running.
type execution struct {
	store.Record
	before  *execution // of the same call; nil: none
	data    []byte
	expires time.Time
	holder  *Store
}

// maxExecutions is how many are kept, and those that are the newest of their calls.
const maxExecutions = 10_000

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
		calls:   map[key.Key]*execution{},
		marks:   map[string]store.Mark{},
		watches: map[key.Key]map[chan struct{}]struct{}{},
		tells:   map[*teller]struct{}{},
		queued:  queued{tasks: map[key.Key]*task{}, workers: map[uint64]*queue.Worker{}},
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
	x := s.newest(ref.Key)
	if x != nil && x.Status == store.Running {
		f.Holder = x.heldBy()
		x = x.before
	}
	for x != nil && x.Status == store.Stopped && x.Gone.IsZero() {
		x = x.before
	}
	live := s.live(ref.Key)
	if x != nil && x != live && (x.Gone.IsZero() || x.Status.Gone()) {
		latest := x.Record
		latest.Arguments = nil
		f.Latest = &latest
	}
	if x = live; x != nil {
		x.Used = time.Now()
		x.Hits++
		f.Results = []*store.Entry{{
			Ref: ref, Token: x.Seq, Finished: x.Finished, Expires: x.Expires, Size: x.Size, Inputs: x.Inputs, Data: x.data,
		}}
	}
	return f
}

// newest returns the newest execution of a call, as it is now: who has lost a lease is lost. A
// result that has expired goes. mu is held.
func (s *shared) newest(k key.Key) *execution {
	s.live(k)
	x := s.calls[k]
	if x != nil && x.Status == store.Running && !time.Now().Before(x.expires) {
		lost := *x
		lost.Status, lost.Error, lost.Finished = store.Lost, "its lease has expired", x.expires
		return &lost // nobody else has begun, so it may still end
	}
	return x
}

// live returns the execution of a call that has its result, otherwise nil. mu is held.
func (s *shared) live(k key.Key) *execution {
	x := s.calls[k]
	for x != nil && x.Status != store.Succeeded && x.Gone.IsZero() {
		x = x.before
	}
	if x == nil || x.Status != store.Succeeded {
		return nil
	}
	if now := time.Now(); store.HasExpired(x.Finished, x.Expires, now) {
		x.goes(store.Expired, now)
		return nil
	}
	return x
}

// goes drops the result of an execution.
func (x *execution) goes(how store.Status, now time.Time) { x.Status, x.Gone, x.data = how, now, nil }

// held returns the execution that has the lease of a call, if there is one. mu is held.
func (s *shared) held(k key.Key) *execution {
	if x := s.newest(k); x != nil && x.Status == store.Running {
		return x
	}
	return nil
}

func (x *execution) heldBy() *store.HeldError {
	return &store.HeldError{Ref: x.Ref, Expires: x.expires, Origin: x.Origin}
}

// Begin implements store.Store.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	if !x.Again && s.shared.live(x.Key) != nil {
		return store.Lease{}, store.ErrFinished
	}
	if held := s.shared.held(x.Key); held != nil {
		if held.holder == s && held.Nonce == x.Nonce && x.Nonce != 0 {
			return held.leased(), nil
		}
		return store.Lease{}, held.heldBy()
	}
	return s.shared.begin(s, x).leased(), nil
}

// begin adds an execution. mu is held.
func (s *shared) begin(holder *Store, r store.Record) *execution {
	if before := s.calls[r.Key]; before != nil && before.Status == store.Running {
		*before = *s.newest(r.Key) // it is lost for good
	}
	s.last++
	r.Seq, r.Status = s.last, store.Running
	if now := time.Now(); r.Started.IsZero() || r.Started.After(now) {
		r.Started = now
	}
	r.Finished, r.Expires, r.Retry, r.Gone, r.Used = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	r.Size, r.Hits, r.Error, r.Kind, r.Stack, r.Log, r.Progress, r.Inputs = 0, 0, "", 0, "", "", store.Progress{}, nil
	x := &execution{Record: r, before: s.calls[r.Key], expires: time.Now().Add(s.lease), holder: holder}
	s.calls[r.Key] = x
	s.executions = append(s.executions, x)
	if len(s.executions) > 2*(maxExecutions+len(s.calls)) {
		s.forget()
	}
	return x
}

// forget drops the oldest executions that are not the newest of their calls, and have no result. mu is held.
func (s *shared) forget() {
	old := len(s.executions) - maxExecutions
	dropped := map[*execution]bool{}
	rest := s.executions[:0]
	for i, x := range s.executions {
		if i < old && s.calls[x.Key] != x && x.Status != store.Succeeded {
			dropped[x] = true
			continue
		}
		for dropped[x.before] {
			x.before = x.before.before
		}
		rest = append(rest, x)
	}
	clear(s.executions[len(rest):])
	s.executions = rest
}

func (x *execution) leased() store.Lease {
	return store.Lease{Ref: x.Ref, Token: x.Seq, Expires: x.expires}
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease, r store.Record) (store.Lease, error) {
	if err := s.lock(ctx); err != nil {
		return store.Lease{}, err
	}
	defer s.shared.mu.Unlock()
	x := s.shared.leasedBy(l)
	if x == nil {
		return store.Lease{}, store.ErrLost
	}
	x.Progress, x.Log = r.Progress, r.Log
	x.expires = time.Now().Add(s.shared.lease)
	return x.leased(), nil
}

// leasedBy returns the execution that has a lease, nil when it is lost. One that has expired
// is still had until another execution begins. mu is held.
func (s *shared) leasedBy(l store.Lease) *execution {
	if x := s.calls[l.Key]; x != nil && x.Seq == l.Token && x.Status == store.Running {
		return x
	}
	return nil
}

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, r store.Record, from io.WriterTo) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	s.shared.mu.Unlock()
	var data []byte
	switch r.Status {
	case store.Succeeded:
		var b bytes.Buffer
		if _, err := from.WriteTo(&b); err != nil {
			return err
		}
		data = append([]byte{}, b.Bytes()...)
	case store.Failed, store.GivenUp, store.Stopped:
	default:
		return fmt.Errorf("memory: %v is no end of an execution", r.Status)
	}
	if err := s.lock(ctx); err != nil {
		return err
	}
	tells, err := s.shared.end(l, r, data)
	s.shared.mu.Unlock()
	s.shared.tell(tells, []store.Ref{l.Ref})
	return err
}

// end also returns who is to be told that a result was replaced. mu is held.
func (s *shared) end(l store.Lease, r store.Record, data []byte) (tells []*teller, err error) {
	x := s.leasedBy(l)
	if x == nil {
		if s.hasEnded(l, r.Status) {
			return nil, nil
		}
		return nil, store.ErrLost
	}
	if was := s.live(l.Key); was != nil && r.Status == store.Succeeded {
		was.goes(store.Replaced, time.Now())
		tells = slices.Collect(maps.Keys(s.tells))
	}
	r.Ref, r.Seq, r.Nonce, r.Started, r.Size = l.Ref, l.Token, x.Nonce, x.Started, int64(len(data))
	r.Used, r.Hits, r.Gone = time.Time{}, 0, time.Time{}
	r.Again, r.Arguments = x.Again, x.Arguments
	x.Record, x.data = r, data
	s.wake(l.Key)
	return tells, nil
}

// hasEnded tells whether an execution has ended like this already. mu is held.
func (s *shared) hasEnded(l store.Lease, how store.Status) bool {
	if how == store.Stopped {
		return true
	}
	for x := s.calls[l.Key]; x != nil; x = x.before {
		if x.Seq == l.Token {
			return x.Status == how
		}
	}
	return false
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
	s.shared.tell(tells, refs)
	return n, nil
}

// tell tells some that calls were deleted.
func (s *shared) tell(tells []*teller, refs []store.Ref) {
	for _, t := range tells {
		if !t.tell(refs) {
			s.mu.Lock()
			delete(s.tells, t)
			s.mu.Unlock()
		}
	}
}

// delete also returns who is to be told.
func (s *Store) delete(ctx context.Context, refs []store.Ref) (n int, tells []*teller, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, nil, err
	}
	defer s.shared.mu.Unlock()
	for _, ref := range refs {
		x, live, now := s.shared.newest(ref.Key), s.shared.live(ref.Key), time.Now()
		if x == nil {
			continue
		}
		running := x.Status == store.Running
		if live != nil || running {
			n++
		}
		if live != nil {
			live.goes(store.Deleted, now)
		}
		if running {
			x.Status, x.Error, x.Finished, x.Gone = store.Lost, "the call was deleted", now, now
		} else {
			s.shared.drop(ref.Key, now)
		}
		s.shared.wake(ref.Key)
	}
	return n, slices.Collect(maps.Keys(s.shared.tells)), nil
}

// drop has nobody find what there is of a call without a result. mu is held.
func (s *shared) drop(k key.Key, now time.Time) {
	x := s.calls[k]
	if x.Status == store.Running { // and its lease has expired
		*x = *s.newest(k)
	}
	if x.Gone.IsZero() {
		x.Gone = now
	}
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
	if how == 0 {
		s.shared.dropRecord(e.Key, e.Token)
	} else if x := s.shared.live(e.Key); x != nil && x.Seq == e.Token {
		x.goes(how, time.Now())
		x.Error = why
		s.shared.wake(e.Key)
	}
	return nil
}

// dropRecord drops the record of an execution, and those before it of the call, but for what is a
// result or leased. mu is held.
func (s *shared) dropRecord(k key.Key, seq uint64) {
	if x := s.newest(k); x == nil {
		return
	} else if x.Seq <= seq {
		*s.calls[k] = *x // if it is lost, it is for good
	}
	var newest, last *execution // of those that stay
	for x := s.calls[k]; x != nil; x = x.before {
		switch {
		case x.Seq <= seq && x.Status != store.Succeeded && x.Status != store.Running:
			i, _ := slices.BinarySearchFunc(s.executions, x.Seq, func(x *execution, seq uint64) int { return cmp.Compare(x.Seq, seq) })
			s.executions = slices.Delete(s.executions, i, i+1)
			continue
		case newest == nil:
			newest = x
		default:
			last.before = x
		}
		last = x
	}
	if newest == nil {
		delete(s.calls, k)
		return
	}
	s.calls[k], last.before = newest, nil
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
	for k, x := range s.shared.calls {
		if x.holder == s && x.Status == store.Running {
			x.Status, x.Finished = store.Stopped, time.Now()
			s.shared.wake(k)
		}
	}
	return nil
}
