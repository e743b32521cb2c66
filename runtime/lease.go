package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what an unfinished call has to do with the store: it looks for its
// result there, begins its execution there before a body runs, and says how it ended.

// lease is the lease of a call. It is renewed when half of its time is over; one that
// was lost is not renewed any more, and End will say so. Runner.mu guards it.
type lease struct {
	store.Lease
	held    bool        // and the execution has not ended there
	renewal *time.Timer // nil when the lease does not expire
	final   bool        // it is not renewed any more
	deleted bool        // it ended before its time: the call was deleted
}

// RemoteError is what a call gets that failed elsewhere while it waited for that
// execution, in another process or runner: the failure of one execution goes to all who
// wait for it.
type RemoteError struct {
	Work   string       // full name of the work
	Key    key.Key      // of the call
	Origin store.Origin // where it executed
	Text   string       // of the error there
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("work %s failed in %v: %s", e.Work, e.Origin, e.Text)
}

// durable reports whether the result is looked for in the store, and put there.
func (c *call) durable() bool { return !c.key.IsZero() && !c.storeless.Load() }

// find looks for the result in the store, and has the call executed if it is not
// there. It reports whether the call has ended. When ctx, which has the values of the
// caller's, ends before that, and the call has not, it goes on elsewhere.
func (c *call) find(ctx context.Context) (ended bool) {
	r := c.runner
	if r.override == refreshCache {
		r.deleteStored(ctx, r.ref(c.key))
		r.mu.Lock()
		c.deleted = false // that was before it executes
		r.mu.Unlock()
		var found store.Found
		if ctx.Err() == nil && r.lookup(ctx, c.key, &found) == nil && found.Latest != nil {
			c.seen = found.Latest.Seq // it could not be deleted
		}
		if e := found.Result(); e != nil {
			_ = e.Close()
		}
	} else {
		var found store.Found
		err := r.lookup(ctx, c.key, &found)
		switch {
		case c.ended():
			return true
		case ctx.Err() != nil:
			// below
		case err != nil:
			if c.withoutStore(nil, err) {
				return true
			}
		default:
			if c.settle(ctx, nil, &found, true) {
				return true
			}
		}
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
		c.goOn(nil, func() { c.find(ctx) })
	}
}

// goOn runs f in a goroutine of its own. If code of the user's ends that, or panics, the
// call ends, unless it has ended or goes on by another execution than x.
func (c *call) goOn(x *execution, f func()) {
	go func() {
		through := false
		defer func() {
			if !through {
				c.conclude(x, broken(c.runner.name, recover()))
			}
		}()
		f()
		through = true
	}()
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
}

// settle ends the call with what was found in the store, if that is an end: a result that
// can be read, or a failure of an execution that was under way when the call was first
// looked up. It reports whether the call has ended.
func (c *call) settle(ctx context.Context, x *execution, found *store.Found, first bool) (ended bool) {
	if expires, ok := c.runner.take(ctx, found, c.values.decode); ok {
		c.conclude(x, outcome{keep: true, stored: true, expires: expires})
		return true
	}
	latest := found.Latest
	if latest == nil {
		return c.ended()
	}
	if first {
		c.seen = latest.Seq
	}
	// A look may have been stale, so that what it did not show is older than the call.
	during := !latest.Finished.Before(c.requested.time().Add(-store.Tolerance))
	if latest.Seq > c.seen && during && (latest.Status == store.Failed || latest.Status == store.GivenUp) {
		c.conclude(x, outcome{none: true, err: &RemoteError{Work: c.runner.name, Key: c.key, Origin: latest.Origin, Text: latest.Error}})
		return true
	}
	return c.ended()
}

// withoutStore decides what becomes of a call when the store has not answered in time. It
// reports whether the call has ended with that; otherwise it executes without the store.
func (c *call) withoutStore(x *execution, err error) (ended bool) {
	r := c.runner
	r.storeFailed(context.Background(), "a call goes on without the store", err)
	if !answered(err) && r.whenSilent() == FailOnStoreFailure {
		c.conclude(x, outcome{none: true, err: &StoreError{Work: r.name, Err: err}})
		return true
	}
	c.storeless.Store(true)
	return false
}

// acquire begins an execution that has a slot, in the store and here. It reports
// whether it is to run; if not, its slot is free again.
func (c *call) acquire(x *execution) bool {
	r := c.runner
	r.mu.Lock()
	if c.lease.held || c.forgotten {
		defer r.mu.Unlock()
		return c.beginHeld(x)
	}
	r.mu.Unlock()
	if c.inputs == nil { // before the first body runs, which may write to them
		c.inputs = c.values.describe(false)
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
	c.lease, c.denied = lease{Lease: l, held: true}, 0
	switch {
	case c.ended() || c.forgotten:
		go c.giveBack()
	case !l.Expires.IsZero():
		c.lease.renewal = time.AfterFunc(c.lease.next(), c.renew)
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
	inTime := time.Now().Before(l.Expires)
	ctx, cancel := context.WithTimeout(context.Background(), max(time.Until(l.Expires), time.Second))
	defer cancel()
	renewed, err := r.store.Renew(ctx, l.Lease)
	r.mu.Lock()
	switch {
	case c.lease.final:
		r.mu.Unlock()
		return
	case err == nil:
		c.lease.Lease = renewed
	case errors.Is(err, store.ErrLost) && inTime && time.Now().Before(l.Expires):
		c.lease.deleted = true
		r.mu.Unlock()
		return
	case errors.Is(err, store.ErrLost), r.strictLease && !time.Now().Before(l.Expires):
		r.mu.Unlock()
		if c.lost() {
			return
		}
		r.mu.Lock()
		if c.lease.final {
			r.mu.Unlock()
			return
		}
	}
	c.lease.renewal.Reset(c.lease.next())
	r.mu.Unlock()
}

// lost does what has to be done when the lease has expired. When another execution has
// it, or under StrictLease, the body's context ends, and once the body has returned, the
// call waits for the other's result. Otherwise the body goes on: it may still be the
// first.
func (c *call) lost() (done bool) {
	r := c.runner
	if !r.strictLease {
		var found store.Found
		if err := r.lookup(context.Background(), c.key, &found); err != nil || found.Result() == nil && found.Holder == nil {
			return false
		}
		if e := found.Result(); e != nil {
			_ = e.Close()
		}
	}
	r.mu.Lock()
	x := c.execution
	running := !c.ended() && x != nil && !x.over && c.node.status() == Running
	switch {
	case running:
		x.lost.Store(true)
	case !c.ended() && c.node.status() == Pending: // the next attempt begins in the store
		c.lease.stop()
		c.lease.held = false
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
	held, l := c.lease.held, c.lease.stop()
	c.lease.held = false
	r.mu.Unlock()
	if !held {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.patience())
	defer cancel()
	rec := store.Record{Ref: l.Ref, Status: store.Stopped, Origin: origin(), Finished: time.Now()}
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.End(ctx, l, rec, nil) })
	if err != nil && !errors.Is(err, store.ErrClosed) && !errors.Is(err, store.ErrLost) {
		r.storeFailed(context.Background(), "a lease cannot be given back", err)
	}
}

// patience is how often a store may contradict itself about one call.
const patience = 8

// awaitHolder waits for the result that another execution has or is about to have, for its
// failure, or for the lease, and goes on with it. x has no slot.
func (c *call) awaitHolder(x *execution) {
	r := c.runner
	changed, stop := r.store.Watch(r.ref(c.key))
	defer stop()
	for {
		var found store.Found
		err := r.lookup(x.ctx, c.key, &found)
		switch {
		case x.ctx.Err() != nil:
			return
		case err != nil:
			if !c.withoutStore(x, err) {
				c.execute()
			}
			return
		case c.settle(x.ctx, x, &found, false):
			return
		case found.Holder == nil:
			if c.denied++; c.denied > patience {
				c.withoutStore(x, errors.New("the store says that there is a result, or a lease, but has none"))
			} else if c.denied > 1 && !sleep(x.ctx, min(5*time.Millisecond<<c.denied, time.Second)) {
				return
			}
			c.execute()
			return
		}
		c.denied = 0
		if !wait(x.ctx, changed, found.Holder) {
			return
		}
	}
}

// wait returns when the lease may be free, and reports false when ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, held *store.HeldError) bool {
	const least, unknown = 10 * time.Millisecond, time.Second
	until := unknown
	if !held.Expires.IsZero() {
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

// publish tells the store how an execution has ended, before anybody here is told: those
// who then ask again find it. If the body has returned, its slot is free meanwhile.
func (c *call) publish(x *execution, o *outcome, returned bool) {
	if !c.durable() {
		return
	}
	r := c.runner
	r.mu.Lock()
	if returned {
		r.slots.end(x)
	}
	l, put := c.lease.Lease, c.lease.held && !c.forgotten && c.execution == x && (o.err == nil || !c.ended())
	if put {
		c.lease.stop()
	}
	r.mu.Unlock()
	if !put {
		return
	}
	rec, from := c.record(x), io.WriterTo(nil)
	if o.err == nil {
		rec.Status, from = store.Succeeded, encoding{c.values.encoded()}
	} else {
		rec.Status, rec.Error = store.Failed, preview.Error(o.err)
	}
	ctx := context.WithoutCancel(x.ctx) // the result is good, whoever has left
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.End(ctx, l, rec, from) })
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
	case o.err != nil:
		if !errors.Is(err, store.ErrLost) {
			r.storeFailed(ctx, "a failure cannot be noted", err)
		}
		return
	case errors.Is(err, store.ErrLost):
		// Another execution was faster. A result never changes, so theirs is the one.
		var found store.Found
		if r.lookup(ctx, c.key, &found) == nil {
			if expires, ok := r.take(ctx, &found, c.values.decode); ok {
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

// encoding tells errors of an encoding from those of the store.
type encoding struct{ io.WriterTo }

func (e encoding) WriteTo(w io.Writer) (int64, error) {
	marked := marker{w: w}
	n, err := e.WriterTo.WriteTo(&marked)
	if err != nil && marked.err == nil {
		err = &encodingError{err}
	}
	return n, err
}

// marker remembers whether the writer has failed.
type marker struct {
	w   io.Writer
	err error
}

func (m *marker) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	if err != nil {
		m.err = err
	}
	return n, err
}

// record describes the execution x of the call.
func (c *call) record(x *execution) store.Record {
	r := c.runner
	rec := store.Record{
		Ref: r.ref(c.key), Schema: r.schema, Code: r.scope, Symbols: r.code.symbols(), Build: r.build.Build().Text,
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
