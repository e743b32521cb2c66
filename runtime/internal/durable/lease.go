package durable

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Lease is that of an execution that has begun in the store. It is held until End has
// succeeded, or GiveBack. All methods may be called concurrently and with locks held, but
// for End and GiveBack. A nil Lease is one that is not held.
type Lease struct {
	store  *Store
	record store.Record        // of the execution, as it began
	note   func(*store.Record) // sets how far it has come; nil: nobody knows

	mu       sync.Mutex
	lease    store.Lease
	renewal  *time.Timer // nil when it is not renewed
	final    bool        // it is not renewed any more
	deleted  bool        // it ended before its time: the call was deleted
	ending   bool        // the store is being told how the execution has ended
	unwanted bool        // Drop was called meanwhile
	over     bool        // it is not held any more
}

// Begin begins an execution. If ctx ends before the store has answered, the lease is given
// back that the execution may have got.
func (s *Store) Begin(ctx context.Context, x store.Record) (*Lease, error) {
	l := &Lease{store: s, record: x}
	err := s.ask(ctx, beginning, func(ctx context.Context) (err error) {
		l.lease, err = s.Store.Begin(ctx, x)
		return err
	})
	if err == nil {
		return l, nil
	}
	if ctx.Err() != nil && !Answered(err) {
		go s.abandon(x)
	}
	return nil, err
}

// abandon gives back the lease of an execution if that has begun: begun again, it gets the
// same one.
func (s *Store) abandon(x store.Record) {
	ctx, cancel := context.WithTimeout(context.Background(), s.Limit)
	defer cancel()
	lease, err := s.Store.Begin(ctx, x)
	switch {
	case err == nil:
		(&Lease{store: s, record: x, lease: lease}).GiveBack()
	case !Answered(err):
		s.Failed(context.Background(), "a lease cannot be given back", err)
	}
}

// Keep renews the lease whenever half of its time is over, and tells the store how far the
// execution has come, which note sets. lost is called when that was not possible in time and
// another execution has begun, or under Strict. Both are called without locks. A lease that
// has expired is still renewed if it can be. One that was deleted is not, and End will say so.
func (l *Lease) Keep(note func(*store.Record), lost func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = note
	if !l.lease.Expires.IsZero() && !l.final {
		l.renewal = time.AfterFunc(l.next(), func() { l.renew(lost) })
	}
}

// next is when to renew it again. mu is held.
func (l *Lease) next() time.Duration {
	if left := time.Until(l.lease.Expires); left > 0 {
		return max(left/2, time.Millisecond)
	}
	return time.Second
}

// renew renews the lease once, and again in a while.
func (l *Lease) renew(lost func()) {
	l.mu.Lock()
	now, final := l.lease, l.final
	l.mu.Unlock()
	if final {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), max(time.Until(now.Expires), time.Second))
	defer cancel()
	x := l.record
	l.note(&x)
	renewed, err := l.store.Store.Renew(ctx, now, x)
	gone, expired := errors.Is(err, store.ErrLost), !time.Now().Before(now.Expires)
	isLost := expired && (err != nil && l.store.Strict || gone && l.isTaken())
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.final:
		return
	case isLost:
		go lost()
		return
	case gone && !expired:
		l.deleted = true
		return
	case err == nil:
		l.lease = renewed
	}
	l.renewal.Reset(l.next())
}

// isTaken reports whether another execution has begun, or has ended with a result. If the
// store does not answer, nobody knows, and this one may still be the first.
func (l *Lease) isTaken() bool {
	found, err := l.store.Lookup(context.Background(), l.lease.Key)
	found.Close()
	return err == nil && (l.isAfter(found.Result()) || found.Holder != nil)
}

// Seq returns the number of the execution's record in the store; 0 without a lease.
func (l *Lease) Seq() uint64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lease.Token
}

// isAfter reports whether a result is that of a later execution.
func (l *Lease) isAfter(e *store.Entry) bool { return e != nil && e.Token > l.lease.Token }

// Held reports whether the lease is held, as far as it is known here.
func (l *Lease) Held() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.over
}

// Stop ends the renewing. It waits for no renewal that is under way.
func (l *Lease) Stop() {
	if l != nil {
		l.mu.Lock()
		l.stop()
		l.mu.Unlock()
	}
}

func (l *Lease) stop() {
	l.final = true
	if l.renewal != nil {
		l.renewal.Stop()
	}
}

// Ends says that End follows.
func (l *Lease) Ends() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
	l.ending = true
}

// End ends the execution in the store, as x says: with the result that ptr points to, or
// without one if that is nil. Ends comes first. It returns store.ErrLost if the lease was lost
// before; then the result does not count. But if another execution was faster, what ptr
// points to is set to its result, which expires when End says: a result never changes, so
// theirs is the one. Any other error says that the store was not told, as far as is known; it has
// been logged. A panic of a method that writes the result is passed on.
func (l *Lease) End(ctx context.Context, x store.Record, ptr any) (expires time.Time, err error) {
	s := l.store
	spent, err := l.tellEnd(ctx, x, ptr)
	switch {
	case err == nil, spent:
		return expires, nil
	case !errors.Is(err, store.ErrLost):
		what := "a result cannot be stored"
		if ptr == nil {
			what = "a failure cannot be noted"
		}
		s.Failed(ctx, what, err)
		return expires, err
	case ptr == nil:
		return expires, err
	}
	if found, failed := s.Lookup(ctx, x.Key); failed != nil {
		s.Failed(ctx, "a stored result cannot be read", failed)
	} else if !l.isAfter(found.Result()) { // one before this, which was to be replaced
		found.Close()
	} else if expires, ok := s.Read(ctx, &found, ptr); ok {
		return expires, nil
	}
	// Or the call was deleted, here or elsewhere.
	if !l.WasDeleted() {
		s.Failed(ctx, "a result cannot be stored", err)
	}
	return expires, err
}

// tellEnd tells the store how the execution has ended. spent says that the lease was given
// back meanwhile.
func (l *Lease) tellEnd(ctx context.Context, x store.Record, ptr any) (spent bool, err error) {
	s, from := l.store, io.WriterTo(nil)
	if ptr != nil {
		from = store.Encoded(s.Codec, s.Schema, ptr)
	}
	l.mu.Lock()
	lease, done := l.lease, false
	l.mu.Unlock()
	defer func() { // whatever methods of the user's do
		l.mu.Lock()
		defer l.mu.Unlock()
		spent, l.ending = l.over, false
		if l.over = l.over || done; l.unwanted && !l.over {
			go l.GiveBack()
		}
	}()
	err = s.ask(ctx, ending, func(ctx context.Context) error { return s.Store.End(ctx, lease, x, from) })
	if done = err == nil; done {
		s.hasEnded()
	}
	return spent, err
}

// WasDeleted reports whether the store has ended the lease before its time, as it does when
// somebody deletes the call. It is for who was told that the lease is lost: otherwise another
// execution has begun.
func (l *Lease) WasDeleted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deleted || time.Now().Before(l.lease.Expires)
}

// Drop gives the lease back, since nobody needs it any more, without waiting for that. If
// the execution is being ended in the store, it does so only when that has failed.
func (l *Lease) Drop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.over:
	case l.ending:
		l.unwanted = true
	default:
		go l.GiveBack()
	}
}

// GiveBack gives the lease back, if it is held: the execution does not count.
func (l *Lease) GiveBack() {
	if l == nil {
		return
	}
	l.mu.Lock()
	lease, note, over := l.lease, l.note, l.over
	l.stop()
	l.over = true
	l.mu.Unlock()
	if over {
		return
	}
	s := l.store
	ctx, cancel := context.WithTimeout(context.Background(), s.Limit)
	defer cancel()
	x := l.record
	x.Status, x.Finished = store.Stopped, time.Now()
	if note != nil {
		note(&x)
	}
	err := s.ask(ctx, returning, func(ctx context.Context) error { return s.Store.End(ctx, lease, x, nil) })
	switch {
	case err == nil:
		s.hasEnded()
	case !errors.Is(err, store.ErrClosed) && !errors.Is(err, store.ErrLost):
		s.Failed(context.Background(), "a lease cannot be given back", err)
	}
}

// Until returns for how long to wait for a lease that another execution has.
func Until(held *store.HeldError) time.Duration {
	const least, unknown = 10 * time.Millisecond, time.Second
	if held.Expires.IsZero() {
		return unknown
	}
	return max(least, time.Until(held.Expires))
}

// Wait returns after d, or before when something may have changed, or with false when ctx
// ends before. changed is from Watch of the store, or nil.
func Wait(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}
