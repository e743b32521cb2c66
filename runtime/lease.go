package runtime

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what an unfinished call has to do with the store: it looks for its
// result there, takes the lease before a body runs, and puts what that returned.

// lease is the lease of a call. It is renewed when half of its time is over; one that
// was lost is not renewed any more, and Put will say so. Runner.mu guards it.
type lease struct {
	store.Lease
	held    bool        // and neither given back, nor spent on a result
	renewal *time.Timer // nil when the lease does not expire
	final   bool        // it is not renewed any more
	deleted bool        // it ended before its time: the call was deleted
}

// durable reports whether the result is looked for in the store, and put there.
func (c *call) durable() bool { return !c.key.IsZero() && !c.storeless.Load() }

// find looks for the result in the store, and has the call executed if it is not
// there. It reports whether the call has ended. When ctx, which has the values of the
// caller's, ends before that, and the call has not, it goes on elsewhere.
func (c *call) find(ctx context.Context) (ended bool) {
	r := c.runner
	if r.override == refreshCache {
		r.deleteStored(ctx, c.key)
		r.mu.Lock()
		c.deleted = false // that was before it executes
		r.mu.Unlock()
	} else if c.look(ctx, nil) {
		return true
	}
	switch {
	case c.ended():
		return true
	case ctx.Err() != nil:
		c.findElsewhere()
		return false
	case r.override == onlyCache:
		c.conclude(nil, outcome{err: &MissError{Work: r.name, Key: c.key}, none: true})
		return true
	}
	c.execute()
	return false
}

// findElsewhere is find in a goroutine that waits for nobody.
func (c *call) findElsewhere() {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(c.origin))
	if c.looks(cancel) {
		go c.find(ctx)
	}
}

// looks notes what ends the look into the store. If the call has ended it ends it at
// once, and reports false.
func (c *call) looks(cancel context.CancelCauseFunc) bool {
	c.runner.mu.Lock()
	ended := c.ended()
	if !ended {
		c.looking, cancel = cancel, c.looking
	}
	c.runner.mu.Unlock()
	if cancel != nil {
		cancel(nil)
	}
	return !ended
}

// execute has the call executed when there is a slot, if it has not ended.
func (c *call) execute() {
	r := c.runner
	r.mu.Lock()
	looking := c.looking
	if !c.ended() {
		c.looking = nil
		c.schedule()
	}
	r.mu.Unlock()
	if looking != nil {
		looking(nil)
	}
	r.deliver()
}

// look ends the call with the result that the store has, and reports whether the
// call has ended. What cannot be read is a miss.
func (c *call) look(ctx context.Context, x *execution) (ended bool) {
	expires, found := c.runner.read(ctx, c.key, c.values.decode)
	if !found {
		return c.ended()
	}
	c.conclude(x, outcome{keep: true, stored: true, expires: expires})
	return true
}

// acquire gets the lease for an execution that has a slot, and begins it. It reports
// whether it is to run; if not, its slot is free again.
func (c *call) acquire(x *execution) bool {
	r := c.runner
	r.mu.Lock()
	needed := !c.lease.held && !c.forgotten
	r.mu.Unlock()
	if !needed {
		return c.begin(x)
	}
	l, err := r.store.Acquire(x.ctx, c.key)
	if err == nil {
		c.hold(l)
		return c.begin(x)
	}
	if elsewhere := errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished); !elsewhere && x.ctx.Err() == nil {
		r.storeFailed(x.ctx, "a result cannot be stored", err)
		c.storeless.Store(true)
		return c.begin(x)
	}
	r.mu.Lock()
	r.slots.giveBack(x)
	r.mu.Unlock()
	c.awaitLease(x)
	return false
}

// begin begins an execution, unless the call has ended; then its slot is free again.
func (c *call) begin(x *execution) bool {
	r := c.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.ended() {
		r.slots.giveBack(x)
		return false
	}
	x.begin()
	return true
}

// hold notes that the call has the lease, until its last body has returned, and begins
// to renew it. Once the call has ended the lease is not renewed any more: a body that
// is deaf to the end of its context keeps others away for the rest of its time only. A
// call that was forgotten needs no lease, for nothing of it is stored.
func (c *call) hold(l store.Lease) {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	c.lease = lease{Lease: l, held: true}
	switch {
	case c.ended() || c.forgotten:
		go c.giveBack()
	case !l.Expires.IsZero():
		c.lease.renewal = time.AfterFunc(c.lease.half(), c.renew)
	}
}

// half is half of the time that is left.
func (l *lease) half() time.Duration {
	return max(time.Until(l.Expires)/2, time.Millisecond)
}

// stop ends the renewing. It waits for no renewal that is under way, for it may be
// called by who ends a loop: the lease stays the same.
func (l *lease) stop() store.Lease {
	l.final = true
	if l.renewal != nil {
		l.renewal.Stop()
	}
	return l.Lease
}

// wasDeleted reports whether the store has ended the lease before its time, as it
// does when somebody deletes the call. It is for who was told that the lease is lost.
func (l *lease) wasDeleted() bool { return l.deleted || time.Now().Before(l.Expires) }

func (c *call) renew() {
	r := c.runner
	r.mu.Lock()
	l := c.lease
	r.mu.Unlock()
	if l.final {
		return
	}
	ctx, cancel := context.WithDeadline(context.Background(), l.Expires)
	defer cancel()
	renewed, err := r.store.Renew(ctx, l.Lease)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.lease.final:
		return
	case err == nil:
		c.lease.Lease = renewed
	case errors.Is(err, store.ErrLost):
		c.lease.deleted = time.Now().Before(l.Expires)
		return
	case ctx.Err() != nil:
		return
	}
	c.lease.renewal.Reset(c.lease.half())
}

// giveBack gives the lease back, unless there is none any more.
func (c *call) giveBack() {
	r := c.runner
	if r.store == nil {
		return
	}
	r.mu.Lock()
	held, l := c.lease.held, c.lease.stop()
	c.lease.held = false
	r.mu.Unlock()
	if !held {
		return
	}
	if err := r.store.Release(context.Background(), l); err != nil && !errors.Is(err, store.ErrClosed) {
		r.storeFailed(context.Background(), "a lease cannot be released", err)
	}
}

// patience is how often a store may contradict itself about one key.
const patience = 8

// awaitLease waits for the result that somebody else has or is about to have, or for
// the lease, and goes on with it. It holds no slot.
func (c *call) awaitLease(x *execution) {
	r := c.runner
	changed, stop := r.store.Watch(c.key)
	defer stop()
	for denied := 0; ; {
		l, err := r.store.Acquire(x.ctx, c.key)
		var held *store.HeldError
		switch {
		case err == nil:
			c.hold(l)
			c.execute()
			return
		case x.ctx.Err() != nil:
			return
		case errors.Is(err, store.ErrFinished):
			if c.look(x.ctx, x) {
				return
			}
			if denied++; denied < patience {
				continue
			}
			err = errors.New("the store says that there is a result, but has none")
		case errors.As(err, &held) || errors.Is(err, store.ErrHeld):
			if !wait(x.ctx, changed, held) {
				return
			}
			continue
		}
		r.storeFailed(x.ctx, "a result cannot be stored", err)
		c.storeless.Store(true)
		c.execute()
		return
	}
}

// wait returns when the lease may be free, and reports false when ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, held *store.HeldError) bool {
	const least, unknown = 10 * time.Millisecond, time.Second
	until := unknown
	if held != nil && !held.Expires.IsZero() {
		until = max(least, time.Until(held.Expires))
	}
	timer := time.NewTimer(until)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// publish puts the result of a body into the store, before anybody gets it. Its
// slot is free meanwhile.
func (c *call) publish(x *execution, o *outcome) {
	if !c.durable() || o.err != nil {
		return
	}
	r := c.runner
	r.mu.Lock()
	r.slots.end(x)
	l, put := c.lease.Lease, c.lease.held && !c.forgotten
	if put {
		c.lease.stop()
	}
	r.mu.Unlock()
	if !put {
		return
	}
	ctx := context.WithoutCancel(x.ctx) // the result is good, whoever has left
	err := r.store.Put(ctx, l, c.record(x), c.values.encoded())
	r.mu.Lock()
	spent, deleted := !c.lease.held, c.lease.wasDeleted()
	if err == nil {
		c.lease.held = false
	}
	r.mu.Unlock()
	switch {
	case err == nil:
		return
	case spent: // forgotten meanwhile, and the lease was given back
		return
	case errors.Is(err, store.ErrLost):
		// Somebody else has executed the call meanwhile. A result never changes, so
		// theirs is the one.
		if expires, found := r.read(ctx, c.key, c.values.decode); found {
			o.expires = expires
			return
		}
		// Or has deleted it, here or elsewhere: who waits gets the result, and nobody
		// else.
		if o.keep = false; deleted {
			return
		}
	}
	r.storeFailed(ctx, "a result cannot be stored", err)
}

// noteFailure tells the store of a call that failed, for display.
func (c *call) noteFailure(x *execution) {
	if !c.durable() || c.node.status() != Failed {
		return
	}
	rec := c.record(x)
	rec.Error = preview.Error(c.err)
	if err := c.runner.store.Note(context.WithoutCancel(x.ctx), rec); err != nil {
		c.runner.storeFailed(x.ctx, "a failure cannot be noted", err)
	}
}

// record describes the call that x has executed.
func (c *call) record(x *execution) store.Record {
	r := c.runner
	rec := store.Record{
		Key: c.key, Work: r.name, Schema: r.schema, Code: r.code.scope(), Symbols: r.code.symbols(), Build: r.build.Build().Text,
		Origin: origin(), Finished: time.Now(), Attempts: x.attempt, Args: c.inputs,
	}
	r.mu.Lock()
	rec.Requested, rec.Started = c.requested.time(), c.started.time()
	r.mu.Unlock()
	if r.ttl > 0 {
		rec.Expires = rec.Finished.Add(r.ttl)
	}
	return rec
}

// storeFailed logs what a store could not do, unless it is because ctx has ended.
func (r *Runner) storeFailed(ctx context.Context, what string, err error) {
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
