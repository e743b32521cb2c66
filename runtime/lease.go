package runtime

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a call begins its execution in the store before a body runs, and says
// there how it ended.

// lease is the lease of an execution that has not ended in the store. It is renewed when
// half of its time is over; one that was lost is not renewed any more, and End will say so.
// runner.mu guards it.
type lease struct {
	store.Lease
	renewal *time.Timer // nil when the lease does not expire
	final   bool        // it is not renewed any more
	deleted bool        // it ended before its time: the call was deleted
	ending  bool        // the store is being told how its execution has ended
}

// durable reports whether the result is looked for in the store, and put there.
func (c *call) durable() bool { return !c.key.IsZero() && !c.storeless.Load() }

// acquire begins an execution that has a slot, in the store and here. It reports
// whether it is to run; if not, its slot is free again.
func (c *call) acquire(x *execution) bool {
	r := c.runner
	r.mu.Lock()
	if c.lease != nil || c.forgotten {
		defer r.mu.Unlock()
		return c.beginHeld(x)
	}
	r.mu.Unlock()
	if c.inputs == nil { // before the first body runs, which may write to them
		c.inputs = c.describe(false)
	}
	rec := c.record(x)
	rec.Status, rec.Nonce, rec.Attempts = store.Running, rand.Uint64(), c.attempts+1
	var l store.Lease
	err := r.ask(x.ctx, func(ctx context.Context) (err error) {
		l, err = r.store.Begin(ctx, rec)
		return err
	})
	switch {
	case err == nil:
		c.hold(l)
		c.lookAgain(x)
		return c.begin(x)
	case errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished) || x.ctx.Err() != nil:
		if !answered(err) {
			go r.giveUp(rec) // it may have begun
		}
		r.mu.Lock()
		r.slots.giveBack(x)
		r.mu.Unlock()
		c.awaitHolder(x)
		return false
	}
	if c.withoutStore(x, err) {
		r.mu.Lock()
		r.slots.giveBack(x)
		r.mu.Unlock()
		return false
	}
	return c.begin(x)
}

// lookAgain ends the call with how another execution has ended since the store was looked
// into: while this one waited for a slot, or the store did not answer to Begin. The call
// has the lease.
func (c *call) lookAgain(x *execution) {
	r := c.runner
	if r.override == refreshCache || time.Since(c.looked.time()) < lookLasts {
		return
	}
	var found store.Found
	if r.lookup(x.ctx, c.key, &found) == nil {
		c.settle(x.ctx, x, &found, false)
	}
}

// lookLasts is for how long a look into the store says that nobody has executed the call.
const lookLasts = 5 * time.Millisecond

// begin begins an execution, unless the call has ended; then its slot is free again.
func (c *call) begin(x *execution) bool {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	return c.beginHeld(x)
}

// beginHeld is begin for who holds runner.mu.
func (c *call) beginHeld(x *execution) bool {
	if c.ended() {
		c.runner.slots.giveBack(x)
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
	held := &lease{Lease: l}
	c.lease, c.denied = held, 0
	switch {
	case c.ended() || c.forgotten:
		go c.giveBack()
	case !l.Expires.IsZero():
		held.renewal = time.AfterFunc(held.next(), func() { c.renew(held) })
	}
}

// next is when to renew it again: when half of the time that is left is over. One that has
// expired may still be had, unless another execution has begun.
func (l *lease) next() time.Duration {
	if left := time.Until(l.Expires); left > 0 {
		return max(left/2, time.Millisecond)
	}
	return time.Second
}

// stop ends the renewing. It waits for no renewal that is under way, for it may be
// called by who ends a loop: the lease stays the same. A nil lease is none.
func (l *lease) stop() {
	if l == nil {
		return
	}
	l.final = true
	if l.renewal != nil {
		l.renewal.Stop()
	}
}

// wasDeleted reports whether the store has ended the lease before its time, as it
// does when somebody deletes the call. It is for who was told that the lease is lost.
func (l *lease) wasDeleted() bool { return l.deleted || time.Now().Before(l.Expires) }

func (c *call) renew(l *lease) {
	r := c.runner
	r.mu.Lock()
	now, final := l.Lease, l.final
	r.mu.Unlock()
	if final {
		return
	}
	inTime := time.Now().Before(now.Expires)
	ctx, cancel := context.WithTimeout(context.Background(), max(time.Until(now.Expires), time.Second))
	defer cancel()
	renewed, err := r.store.Renew(ctx, now)
	lost := errors.Is(err, store.ErrLost)
	r.mu.Lock()
	defer r.mu.Unlock()
	expired := !time.Now().Before(now.Expires)
	switch {
	case l.final:
		return
	case err == nil:
		l.Lease = renewed
	case lost && inTime && !expired:
		l.deleted = true
		return
	case lost || r.strictLease && expired:
		r.mu.Unlock()
		over := c.lost(l)
		r.mu.Lock()
		if over || l.final {
			return
		}
	}
	l.renewal.Reset(l.next())
}

// lost does what has to be done when the lease has expired. When another execution has
// it, or under StrictLease, the body's context ends, and once the body has returned, the
// call waits for the other's result. Otherwise the body goes on, since it may still be the
// first, and lost reports false: nobody has it yet, or nobody knows.
func (c *call) lost(l *lease) bool {
	r := c.runner
	if !r.strictLease {
		var found store.Found
		defer found.Close()
		if err := r.lookup(context.Background(), c.key, &found); err != nil || found.Result() == nil && found.Holder == nil {
			return false
		}
	}
	r.mu.Lock()
	x := c.execution
	running := !c.ended() && x != nil && !x.over && c.node.status() == Running
	switch {
	case running:
		x.lost.Store(true)
	case !c.ended() && c.node.status() == Pending: // the next attempt begins in the store
		l.stop()
		c.lease = nil
	}
	r.mu.Unlock()
	if running {
		x.cancel(named(r.name, ErrLeaseLost))
	}
	return true
}

// giveUp gives back the lease of an execution that has begun, if it has: the answer was not
// waited for.
func (r *runner) giveUp(rec store.Record) {
	ctx, cancel := context.WithTimeout(context.Background(), r.patience())
	defer cancel()
	l, err := r.store.Begin(ctx, rec)
	if err == nil {
		rec.Status, rec.Finished = store.Stopped, time.Now()
		err = r.store.End(ctx, l, rec, nil)
	}
	if !answered(err) {
		r.storeFailed(context.Background(), "a lease cannot be given back", err)
	}
}

// giveBack gives the lease back, unless there is none any more.
func (c *call) giveBack() {
	r := c.runner
	if r.store == nil {
		return
	}
	r.mu.Lock()
	l := c.lease
	l.stop()
	c.lease = nil
	r.mu.Unlock()
	if l == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.patience())
	defer cancel()
	rec := store.Record{Ref: l.Ref, Status: store.Stopped, Origin: origin(), Finished: time.Now()}
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.End(ctx, l.Lease, rec, nil) })
	if err != nil && !errors.Is(err, store.ErrClosed) && !errors.Is(err, store.ErrLost) {
		r.storeFailed(context.Background(), "a lease cannot be given back", err)
	}
}

// publish tells the store how an execution has ended, before anybody here is told: those
// who then ask again find it. If the body has returned, its slot is free meanwhile.
func (c *call) publish(x *execution, o *outcome, returned bool) {
	r := c.runner
	r.mu.Lock()
	if returned {
		r.slots.end(x)
	}
	l := c.lease
	put := l != nil && !c.forgotten && c.execution == x && (o.err == nil || !c.ended())
	if put {
		l.stop()
		l.ending = true
	}
	r.mu.Unlock()
	if !put {
		return
	}
	rec, from := c.record(x), io.WriterTo(nil)
	if o.err == nil {
		rec.Status, from = store.Succeeded, store.Encoded(r.codec, r.schema, c.values.result())
	} else {
		rec.Status, rec.Error = store.Failed, preview.Error(o.recorded())
	}
	ctx := context.Context(x) // it has no end: the result is good, whoever has left
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.End(ctx, l.Lease, rec, from) })
	r.mu.Lock()
	spent, deleted := c.lease != l, l.wasDeleted()
	if l.ending = false; err == nil && !spent {
		c.lease = nil
	}
	if !returned && x.over {
		go c.giveBack() // nobody else does, unless it has ended
	}
	r.mu.Unlock()
	switch {
	case err == nil:
		return
	case spent: // forgotten meanwhile, and the lease was given back
		return
	case o.err != nil:
		if !errors.Is(err, store.ErrLost) {
			r.storeFailed(ctx, "a failure cannot be noted", err)
		}
		return
	case errors.Is(err, store.ErrLost):
		// Another execution was faster. A result never changes, so theirs is the one.
		var found store.Found
		if r.lookup(ctx, c.key, &found) == nil {
			if expires, ok := r.take(ctx, &found, c.decode); ok {
				o.expires = expires
				return
			}
		}
		// Or the call was deleted, here or elsewhere: who waits gets the result, and
		// nobody else.
		if o.keep = false; deleted {
			return
		}
	}
	r.storeFailed(ctx, "a result cannot be stored", err)
}

// publishSoon is publish of a failure that is told here after tellsWithin, whether the store
// has answered or not. The body has not returned.
func (c *call) publishSoon(x *execution, o outcome) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		c.publish(x, &o, false)
	}()
	timer := time.NewTimer(tellsWithin)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	}
}

const tellsWithin = time.Second

// record describes the execution x of the call.
func (c *call) record(x *execution) store.Record {
	r := c.runner
	rec := store.Record{
		Ref: r.ref(c.key), Schema: r.schema, Code: r.scope, Symbols: r.code.Lines(), Build: r.build.Build().Text,
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
