package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a call looks for its result in the store, before its first execution and
// while another process has its lease.

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

// seek looks for the result of a call that is prepared, or has it executed.
func (c *call) seek(origin context.Context, k key.Key, waits, changed bool) (ended bool) {
	r := c.runner
	c.origin = origin
	if !k.IsZero() {
		r.mu.Lock()
		c.key = k
		if m := r.history.find(c.node.number); m != nil {
			m.key = k
		}
		r.mu.Unlock()
	}
	if c.unkeyed != nil {
		r.warnUnkeyed(c.unkeyed)
	}
	switch {
	case changed:
		c.conclude(nil, outcome{err: &InputChangedError{Work: r.name}, none: true})
	case r.store == nil:
		c.execute()
	case c.unkeyed != nil && r.override == onlyCache:
		c.conclude(nil, outcome{err: &MissError{Work: r.name}, none: true})
	case c.unkeyed != nil:
		c.execute()
	case c.key.IsZero():
		r.storeFailed(origin, "a result cannot be stored", errNoKey)
		c.execute()
	case !waits:
		c.findElsewhere()
	default:
		// The caller leaves a store that does not answer when its context ends.
		looking, cancel := context.WithCancelCause(origin)
		return c.looks(cancel) && c.find(looking)
	}
	return false
}

// errNoKey is why a call is not looked for in the store although it was identified.
var errNoKey = errors.New("the inputs could be encoded once, and not again")

// find looks for the result in the store, and has the call executed if it is not
// there. It reports whether the call has ended. When ctx, which has the values of the
// caller's, ends before that, and the call has not, it goes on elsewhere.
func (c *call) find(ctx context.Context) (ended bool) {
	r := c.runner
	if r.override == refreshCache {
		c.refresh(ctx)
	} else {
		c.look(ctx)
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

// look ends the call with what the store has, or decides to do without the store.
func (c *call) look(ctx context.Context) {
	var found store.Found
	switch err := c.runner.lookup(ctx, c.key, &found); {
	case err == nil:
		c.settle(ctx, nil, &found, true)
	case ctx.Err() == nil:
		c.withoutStore(nil, err)
	}
}

// refresh forgets what the store has of the call.
func (c *call) refresh(ctx context.Context) {
	r := c.runner
	r.deleteStored(ctx, r.ref(c.key))
	r.mu.Lock()
	c.deleted = false // that was before it executes
	r.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	var found store.Found
	defer found.Close()
	if r.lookup(ctx, c.key, &found) == nil && found.Latest != nil {
		c.seen = found.Latest.Seq // it could not be deleted
	}
}

// findElsewhere is find in a goroutine that waits for nobody.
func (c *call) findElsewhere() {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(c.origin))
	if c.looks(cancel) {
		go c.guarded(nil, func() { c.find(ctx) })
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
}

// settle ends the call with what was found in the store, if that is an end: a result that
// can be read, or a failure of an execution that was under way when the call was made. It
// reports whether the call has ended.
func (c *call) settle(ctx context.Context, x *execution, found *store.Found, first bool) (ended bool) {
	if expires, ok := c.runner.take(ctx, found, c.decode); ok {
		c.conclude(x, outcome{keep: true, stored: true, expires: expires})
		return true
	}
	c.looked = stampOf(time.Now())
	latest := found.Latest
	if latest == nil {
		return c.ended()
	}
	if first && !c.overlaps(latest) {
		c.seen = latest.Seq
	}
	// A look may have been stale, so that what it did not show is older than the call.
	during := !latest.Finished.Before(c.requested.time().Add(-store.Tolerance))
	if latest.Seq > c.seen && during && latest.Status.Failure() {
		c.conclude(x, outcome{none: true, err: &RemoteError{Work: c.runner.name, Key: c.key, Origin: latest.Origin, Text: latest.Error}})
		return true
	}
	return c.ended()
}

// overlaps reports whether an execution ended after the call was made, as far as the clock
// of this machine tells: the store may not have answered until then.
func (c *call) overlaps(x *store.Record) bool {
	return x.Finished.After(c.requested.time()) && x.Origin.Host == origin().Host
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

// maxDenied is how often a store may contradict itself about one call.
const maxDenied = 8

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
			if c.denied++; c.denied > maxDenied {
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
