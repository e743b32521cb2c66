package storetest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Do returns the result of a call: what the store has, or else what execute makes
// of it, once in all processes that ask at the same time. When that fails, all who wait
// get its error. It is the shortest correct use of a store; what the store cannot do it
// asks for again, until the context ends.
func Do(ctx context.Context, s store.Store, r store.Ref, execute func(l store.Lease) ([]byte, error)) ([]byte, error) {
	changed, stop := s.Watch(r) // before it is looked up, so that nothing is missed
	defer stop()
	for first := (*store.Found)(nil); ; {
		found, data, err := look(ctx, s, r)
		switch {
		case err != nil || found.Result() != nil:
			return data, err
		case first == nil:
			first = &found
		case hasFailed(found.Latest) && (first.Latest == nil || found.Latest.Seq > first.Latest.Seq):
			return nil, errors.New(found.Latest.Error) // while this waited
		}
		data, err = begin(ctx, s, r, execute)
		switch {
		case errors.Is(err, store.ErrFinished):
			_ = sleep(ctx, nil, time.Millisecond) // the look was stale
		case errors.Is(err, store.ErrHeld):
			_ = sleep(ctx, changed, patience)
		case !errors.Is(err, store.ErrLost):
			return data, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// look looks a call up, and reads its result. One that cannot be read is none.
func look(ctx context.Context, s store.Store, r store.Ref) (f store.Found, data []byte, err error) {
	found := make([]store.Found, 1)
	err = again(ctx, func() error { return s.Lookup(ctx, []store.Ref{r}, found) })
	e := found[0].Result()
	if e == nil || err != nil {
		return found[0], nil, err
	}
	defer e.Close()
	data, err = io.ReadAll(e)
	if errors.As(err, &found[0].Damaged) {
		return store.Found{Damaged: found[0].Damaged}, nil, nil
	}
	return found[0], data, err
}

func hasFailed(r *store.Record) bool {
	return r != nil && r.Status.Failure()
}

// begin executes a call, unless it is leased or has a result.
func begin(ctx context.Context, s store.Store, r store.Ref, execute func(l store.Lease) ([]byte, error)) (data []byte, err error) {
	x := store.Record{Ref: r, Nonce: nonce(), Started: time.Now()}
	var l store.Lease
	err = again(ctx, func() (err error) { l, err = s.Begin(ctx, x); return err })
	if err != nil {
		return nil, err
	}
	defer renewed(s, l, x)()
	data, failure := execute(l)
	x.Status, x.Finished = store.Succeeded, time.Now()
	if failure != nil {
		x.Status, x.Error = store.Failed, failure.Error()
	}
	err = again(ctx, func() error { return s.End(ctx, l, x, store.Bytes(data)) })
	if err == nil {
		err = failure
	}
	return data, err
}

// renewed renews a lease until stop is called.
func renewed(s store.Store, l store.Lease, x store.Record) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for sleep(ctx, nil, time.Until(l.Expires)/3) == nil {
			if next, err := s.Renew(ctx, l, x); err == nil {
				l = next
			} else if isAnswer(err) {
				return
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// nonce returns a random one.
func nonce() uint64 { return rand.Uint64() | 1 }

// again asks a store for something until it does it, or says why not, in an answer that
// package store names.
func again(ctx context.Context, ask func() error) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := ask()
		if err == nil || isAnswer(err) {
			return err
		}
		if sleep(ctx, nil, wait) != nil {
			return err
		}
	}
}

// isAnswer tells whether a store has answered with an error, so that it is of no use to
// ask for the same again.
func isAnswer(err error) bool {
	for _, answer := range []error{
		store.ErrHeld, store.ErrFinished, store.ErrLost, store.ErrConflict, store.ErrTooLarge, store.ErrClosed,
		store.ErrNotFound, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// sleep waits until something has changed, for some time at most, or until the context
// ends.
func sleep(ctx context.Context, changed <-chan struct{}, most time.Duration) error {
	select {
	case <-changed:
	case <-time.After(most):
	case <-ctx.Done():
	}
	return ctx.Err()
}
