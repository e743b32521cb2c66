package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// ErrFault is the error of calls that fail because a test wants it. It is none of those
// that package store names: whoever gets it does not know whether the call was done.
var ErrFault = errors.New("storetest: the store does not answer")

// ErrFull is the error of calls that find no room. It is a syscall.ENOSPC.
var ErrFull = fmt.Errorf("storetest: %w", syscall.ENOSPC)

// Faults are what goes wrong with a store. Handles that were wrapped with the same
// Faults suffer together, as those of one server would.
//
//	var faults storetest.Faults
//	a, b := faults.Wrap(s.Another()), faults.Wrap(s.Another())
//	faults.Inject(storetest.All, storetest.For(300*time.Millisecond, storetest.Refuse))
//
// The zero Faults are none. All methods may be called concurrently.
type Faults struct {
	mu       sync.Mutex
	injected []*injection             // those that were injected last are met first
	before   map[key.Key]*store.Found // what there was of a call before an execution of it ended last
	calls    map[Method]int           // see Calls
}

// injection is a fault that some methods meet.
type injection struct {
	methods Method
	fault   Fault
}

// Method is a set of methods of a store. Watch, OnDelete, Codec and Close never fail.
type Method uint

// The methods.
const (
	Lookup Method = 1 << iota
	Begin
	Renew
	End
	Delete
	Discard
	History
	Marks // Mark and SetMark

	Writing = Begin | Renew | End | Delete | Discard | Marks
	All     = Lookup | Writing | History
)

// Fault is what happens instead of a call, or around it: it may call c.Do, once. Faults
// may be called concurrently.
type Fault func(ctx context.Context, c *Call) error

// Call is a call of a method of a store.
type Call struct {
	Method Method
	Do     func(ctx context.Context) error // what other faults and the store make of it

	faults *Faults
	store  store.Store
	refs   []store.Ref   // of Lookup
	found  []store.Found // of Lookup
	lease  store.Lease   // of Renew and End
}

// Inject has calls of some methods meet a fault from now on, until end is called.
func (f *Faults) Inject(methods Method, fault Fault) (end func()) {
	in := &injection{methods, fault}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.injected = append(f.injected, in)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.injected = slices.DeleteFunc(slices.Clone(f.injected), func(i *injection) bool { return i == in })
	}
}

// Calls returns how many calls of some methods there were.
func (f *Faults) Calls(methods Method) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for m, count := range f.calls {
		if m&methods != 0 {
			n += count
		}
	}
	return n
}

// Refuse fails, and nothing is done.
func Refuse(context.Context, *Call) error { return ErrFault }

// LoseAnswer does what was asked for, and fails.
func LoseAnswer(ctx context.Context, c *Call) error {
	_ = c.Do(ctx) // nobody knows
	return ErrFault
}

// Full fails, since there is no room for what is to be written. It is for methods that
// write.
func Full(context.Context, *Call) error { return ErrFull }

// Slow waits for a while, or until the context ends, before anything is done.
func Slow(wait time.Duration) Fault {
	return func(ctx context.Context, c *Call) error {
		select {
		case <-time.After(wait):
			return c.Do(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stale has Lookup answer as it would have before the last execution ended, as a replica
// may that lags behind.
func Stale(ctx context.Context, c *Call) error {
	err := c.Do(ctx)
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	for i, ref := range c.refs {
		if before := c.faults.before[ref.Key]; before != nil && err == nil {
			closeAll(c.found[i])
			c.found[i] = *before
		}
	}
	return err
}

// LoseLease has Renew and End find that the lease is lost, though it has not expired:
// anybody may begin another execution.
func LoseLease(ctx context.Context, c *Call) error {
	if err := c.store.End(ctx, c.lease, store.Record{Ref: c.lease.Ref, Status: store.Stopped}, nil); err != nil {
		return err
	}
	return store.ErrLost
}

// For is a fault that ends by itself some time after For was called.
func For(span time.Duration, fault Fault) Fault {
	end := time.Now().Add(span)
	return func(ctx context.Context, c *Call) error {
		if time.Now().Before(end) {
			return fault(ctx, c)
		}
		return c.Do(ctx)
	}
}

// Times is a fault that the next n calls meet.
func Times(n int, fault Fault) Fault {
	return counted(fault, func(call int) bool { return call <= n })
}

// Every is a fault that each nth call meets.
func Every(n int, fault Fault) Fault {
	return counted(fault, func(call int) bool { return call%n == 0 })
}

// counted is a fault that some calls meet, of which the first has the number 1.
func counted(fault Fault, meets func(call int) bool) Fault {
	var mu sync.Mutex
	calls := 0
	return func(ctx context.Context, c *Call) error {
		mu.Lock()
		calls++
		met := meets(calls)
		mu.Unlock()
		if met {
			return fault(ctx, c)
		}
		return c.Do(ctx)
	}
}

// Wrap returns a handle that has these faults. Closing it closes s.
func (f *Faults) Wrap(s store.Store) store.Store { return &faulty{s, f} }

// faulty is a handle of a store, and its faults.
type faulty struct {
	store.Store
	faults *Faults
}

// call has a call meet its faults, the last ones first.
func (s *faulty) call(ctx context.Context, c Call) error {
	c.faults, c.store = s.faults, s.Store
	s.faults.mu.Lock()
	if s.faults.calls == nil {
		s.faults.calls = map[Method]int{}
	}
	s.faults.calls[c.Method]++
	injected := s.faults.injected
	s.faults.mu.Unlock()
	for _, in := range injected {
		if in.methods&c.Method != 0 {
			inner := c
			c.Do = func(ctx context.Context) error { return in.fault(ctx, &inner) }
		}
	}
	return c.Do(ctx)
}

// Lookup implements store.Store.
func (s *faulty) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	err := s.call(ctx, Call{Method: Lookup, refs: refs, found: found, Do: func(ctx context.Context) error {
		return s.Store.Lookup(ctx, refs, found)
	}})
	if err != nil { // of an answer that was lost
		for i := range found {
			closeAll(found[i])
			found[i] = store.Found{}
		}
	}
	return err
}

func closeAll(f store.Found) {
	for _, e := range f.Results {
		_ = e.Close()
	}
}

// Begin implements store.Store.
func (s *faulty) Begin(ctx context.Context, x store.Record) (l store.Lease, err error) {
	err = s.call(ctx, Call{Method: Begin, Do: func(ctx context.Context) (err error) {
		l, err = s.Store.Begin(ctx, x)
		return err
	}})
	return orZero(l, err)
}

// orZero returns an answer, unless it was lost.
func orZero[T any](answer T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return answer, nil
}

// Renew implements store.Store.
func (s *faulty) Renew(ctx context.Context, l store.Lease, x store.Record) (renewed store.Lease, err error) {
	err = s.call(ctx, Call{Method: Renew, lease: l, Do: func(ctx context.Context) (err error) {
		renewed, err = s.Store.Renew(ctx, l, x)
		return err
	}})
	return orZero(renewed, err)
}

// End implements store.Store.
func (s *faulty) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	return s.call(ctx, Call{Method: End, lease: l, Do: func(ctx context.Context) error {
		s.faults.remember(ctx, s.Store, l.Ref)
		return s.Store.End(ctx, l, x, result)
	}})
}

// remember notes what there is of a call, for Stale. While it is leased it has no result.
func (f *Faults) remember(ctx context.Context, s store.Store, ref store.Ref) {
	found := make([]store.Found, 1)
	if s.Lookup(ctx, []store.Ref{ref}, found) != nil {
		return
	}
	closeAll(found[0])
	if len(found[0].Results) > 0 {
		return // it has ended already
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before == nil {
		f.before = map[key.Key]*store.Found{}
	}
	f.before[ref.Key] = &found[0]
}

// Delete implements store.Store.
func (s *faulty) Delete(ctx context.Context, refs ...store.Ref) (n int, err error) {
	err = s.call(ctx, Call{Method: Delete, Do: func(ctx context.Context) (err error) {
		n, err = s.Store.Delete(ctx, refs...)
		return err
	}})
	return orZero(n, err)
}

// Discard implements store.Store.
func (s *faulty) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	return s.call(ctx, Call{Method: Discard, Do: func(ctx context.Context) error {
		return s.Store.Discard(ctx, e, how, why)
	}})
}

// History implements store.Store. It fails before it lists anything, or not at all.
func (s *faulty) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		err := s.call(ctx, Call{Method: History, Do: func(context.Context) error { return nil }})
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		s.Store.History(ctx, f)(yield)
	}
}

// Mark implements store.Store.
func (s *faulty) Mark(ctx context.Context, name string) (m store.Mark, err error) {
	err = s.call(ctx, Call{Method: Marks, Do: func(ctx context.Context) (err error) {
		m, err = s.Store.Mark(ctx, name)
		return err
	}})
	return orZero(m, err)
}

// SetMark implements store.Store.
func (s *faulty) SetMark(ctx context.Context, name string, m store.Mark) (set store.Mark, err error) {
	err = s.call(ctx, Call{Method: Marks, Do: func(ctx context.Context) (err error) {
		set, err = s.Store.SetMark(ctx, name, m)
		return err
	}})
	return orZero(set, err)
}
