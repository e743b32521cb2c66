package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how runners ask a store, which may not answer: they fail closed.

// StoreFailure says what becomes of calls when the store has not answered for the time
// of [StoreTimeout].
type StoreFailure uint8

const (
	// DefaultStoreFailure is ExecuteOnStoreFailure for a store of this machine, and
	// FailOnStoreFailure for one that machines share (store.Shared).
	DefaultStoreFailure StoreFailure = iota

	// BlockOnStoreFailure makes calls wait until the store answers.
	BlockOnStoreFailure

	// ExecuteOnStoreFailure executes calls without the store, so that others may execute
	// equal calls too. Results are kept in memory only.
	ExecuteOnStoreFailure

	// FailOnStoreFailure fails calls with a [StoreError].
	FailOnStoreFailure
)

// OnStoreFailure sets what becomes of calls when the store does not answer. A result that
// has been computed always reaches those who wait for it, whether it could be stored or
// not.
func OnStoreFailure(f StoreFailure) Option {
	if f > FailOnStoreFailure {
		panic(fmt.Sprintf("runtime: OnStoreFailure(%d): no such value: use one of its constants", f))
	}
	return optionFunc(func(c *config) { c.onStoreFailure = f })
}

// StoreTimeout sets how long a call waits for a store that does not answer, and tries
// again. Zero, the default, is ten seconds; a negative d panics.
func StoreTimeout(d time.Duration) Option {
	atLeastZero("StoreTimeout", d, "use 0 for ten seconds")
	return optionFunc(func(c *config) { c.storeTimeout = d })
}

// StrictLease(true) ends a body's context as soon as its lease could not be renewed in
// time, although no other execution may have begun: for bodies that must not run twice at
// once. By default the context ends when another execution has begun. Either way the call
// goes on: it waits for the result of the other, or executes again.
func StrictLease(strict bool) Option {
	return optionFunc(func(c *config) { c.strictLease = strict })
}

const defaultStoreTimeout = 10 * time.Second

// StoreError is what a call gets when its store did not answer in time.
type StoreError struct {
	Work string // full name of the work
	Err  error  // what the store said last
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("work %s: the store does not answer: %v", e.Work, e.Err)
}

// Unwrap returns Err.
func (e *StoreError) Unwrap() error { return e.Err }

// answered reports whether an error of a store is an answer, so that it is of no use to
// ask again.
func answered(err error) bool {
	var (
		corrupt  *store.CorruptError
		encoding *store.EncodingError
	)
	return err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished) ||
		errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrClosed) ||
		errors.As(err, &corrupt) || errors.As(err, &encoding)
}

// patience is how long a store is waited for.
func (r *runner) patience() time.Duration {
	if r.storeTimeout == 0 {
		return defaultStoreTimeout
	}
	return r.storeTimeout
}

// whenSilent says what becomes of a call that the store does not answer for.
func (r *runner) whenSilent() StoreFailure {
	if r.onStoreFailure != DefaultStoreFailure {
		return r.onStoreFailure
	}
	if s, ok := r.store.(store.Shared); ok && s.Shared() {
		return FailOnStoreFailure
	}
	return ExecuteOnStoreFailure
}

// ask asks the store by f, again and again until it answers, ctx ends, or the store was
// asked for as long as StoreTimeout says; then it returns what the store said last. No
// lock may be held.
func (r *runner) ask(ctx context.Context, f func(ctx context.Context) error) error {
	const least, most = 10 * time.Millisecond, time.Second
	limit := r.patience()
	deadline, block := time.Now().Add(limit), r.onStoreFailure == BlockOnStoreFailure
	for pause := least; ; pause = min(2*pause, most) {
		if block {
			deadline = time.Now().Add(limit)
		}
		try, cancel := context.WithDeadline(ctx, deadline)
		err := f(try)
		cancel()
		if answered(err) {
			r.storeAnswers()
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		r.storeSilent(err)
		d := pause/2 + rand.N(pause/2)
		if !block {
			d = min(d, time.Until(deadline))
		}
		if d <= 0 || !sleep(ctx, d) {
			return err
		}
	}
}

// sleep returns after d, or with false when ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// storeSilent says once that the store does not answer.
func (r *runner) storeSilent(err error) {
	r.mu.Lock()
	first := r.silent.IsZero()
	if first {
		r.silent = time.Now()
		r.wasSilent.Store(true)
	}
	r.mu.Unlock()
	if first {
		r.logAt(slog.LevelWarn, "the store does not answer: calls wait for it", slog.String("error", preview.Error(err)))
	}
}

// storeAnswers says once that the store answers again.
func (r *runner) storeAnswers() {
	if !r.wasSilent.Load() {
		return
	}
	r.mu.Lock()
	since := r.silent
	r.silent = time.Time{}
	r.wasSilent.Store(false)
	r.mu.Unlock()
	if !since.IsZero() {
		r.logAt(slog.LevelInfo, "the store answers again", slog.Duration("after", time.Since(since)))
	}
}

// lookup looks one call up.
func (r *runner) lookup(ctx context.Context, k key.Key, found *store.Found) error {
	refs := [1]store.Ref{r.ref(k)}
	var all [1]store.Found
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.Lookup(ctx, refs[:], all[:]) })
	*found = all[0]
	return err
}

// take has the result that was found decoded, and returns when it expires. What cannot
// be read is not there.
func (r *runner) take(ctx context.Context, found *store.Found, decode func(*store.Entry) error) (expires time.Time, ok bool) {
	if found.Damaged != nil {
		r.storeFailed(ctx, "a stored result cannot be read, and is executed", found.Damaged)
	}
	e := found.Result()
	if e == nil {
		return expires, false
	}
	defer e.Close()
	expires = e.Expires
	if r.ttl > 0 {
		if own := e.Finished.Add(r.ttl); expires.IsZero() || own.Before(expires) {
			expires = own
		}
	}
	how, why := store.Expired, ""
	if !store.HasExpired(e.Finished, expires, time.Now()) {
		err := decode(e)
		if err == nil {
			return expires, true
		}
		how, why = store.Unreadable, preview.Error(redacted(err))
		r.storeFailed(ctx, "a stored result cannot be read, and is executed", err)
	}
	if err := r.store.Discard(ctx, e, how, why); err != nil {
		r.storeFailed(ctx, "a stored result cannot be discarded", err)
	}
	return time.Time{}, false
}

// storeFailed logs what a store could not do, unless it is because ctx has ended.
func (r *runner) storeFailed(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	r.stats.StoreErrors++
	n, now := r.stats.StoreErrors, time.Now()
	quiet := now.Sub(r.storeWarned) < storeQuiet
	if !quiet {
		r.storeWarned = now
	}
	r.mu.Unlock()
	if !quiet {
		r.logAt(slog.LevelWarn, what, slog.Any("error", err), slog.Int64("errors", n))
	}
}

// storeQuiet is how long a runner says nothing of its store after a warning.
const storeQuiet = 10 * time.Second
