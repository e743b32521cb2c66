package runtime

import (
	"context"
	"sync/atomic"
	"time"
)

// Call is one work with one list of arguments: the handle that Start returns,
// shared by all who start or join it, and what is kept when it has succeeded.
// All methods may be called concurrently.
//
//	            slot free            body returned, no error
//	Pending ───────────────▶ Running ───────────────▶ Succeeded   kept, unless forgotten meanwhile
//	  │  ▲                      │
//	  │  │ error, to be retried │
//	  │  └──────────────────────┤
//	  │ arguments panicked      │ error, panic, timeout
//	  ├────────────────────────▶├───────────────────▶ Failed      kept under CacheErrors
//	  │                         │
//	  │ Stop, Close, last       │
//	  └─ waiter left ──────────▶└───────────────────▶ Stopped     never kept
//
// The first to end a call wins: whatever its body returns later is dropped.
//
// A handle stays valid when its call is evicted, expires or is forgotten.
type Call[R any] struct {
	// state is a Status, which is written under owner.mu, after everything
	// below: who reads a status that has ended may read everything below
	// without lock. From then on it also holds the visited bit.
	state    atomic.Uint32
	attempts uint32 // bodies that began; owner.mu until the end
	stored   bool   // the result came from the store; owner.mu until the end
	result   R      // here, since a hit reads nothing behind it

	owner  *owner[R]
	flight *flight // nil once the call has ended; owner.mu
	number uint64

	requested, started, finished stamp // owner.mu until the end

	err error
}

// owner is the part of Calls that depends on nothing but the result.
type owner[R any] struct {
	*Runner
	clone  func(R) R                                // nil: results hold no references
	settle func(c *Call[R], hash uint64, keep bool) // keeps an ended call, or takes it out of the table; mu is held
}

// visited is the bit of Call.state that says that the call was hit since SIEVE's
// hand last passed.
const visited = 1 << 8

func (c *Call[R]) status() Status { return Status(c.state.Load() &^ visited) }

// reason returns why an ended call has no result.
func (c *Call[R]) reason() error { return c.err }

func (c *Call[R]) visit() { c.state.Or(visited) }

func (c *Call[R]) wasVisited() bool { return c.state.Load()&visited != 0 }

// unvisit clears the bit and reports whether it was set.
func (c *Call[R]) unvisit() bool {
	if !c.wasVisited() {
		return false
	}
	c.state.And(^uint32(visited))
	return true
}

// Done returns a channel that is closed when the call has ended.
func (c *Call[R]) Done() <-chan struct{} {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if c.flight == nil {
		return closedChan
	}
	return c.flight.done
}

// Wait returns the result and error of the call once it has ended. Meanwhile the
// caller is one of those for whom the call is kept going. If ctx ends first,
// Wait returns ctx.Err(), and the call is stopped if nobody else waits.
//
// Inside of an execution, with its context, Wait may return a CycleError. Inside
// of a flow it does not wait: it returns ErrSuspended before the call's end.
func (c *Call[R]) Wait(ctx context.Context) (R, error) {
	if p := passOf(ctx); p != nil {
		return c.waitInFlow(p)
	}
	var zero R
	parent := bodyOf(ctx)
	c.owner.mu.Lock()
	f := c.flight
	if f == nil {
		c.owner.mu.Unlock()
		return c.outcome()
	}
	if err := ctx.Err(); err != nil {
		c.owner.mu.Unlock()
		return zero, err
	}
	if parent != nil {
		if err := parent.flight.waitFor(f); err != nil {
			c.owner.mu.Unlock()
			return zero, err
		}
	}
	f.waiters++
	c.owner.mu.Unlock()
	return c.await(ctx, f, parent)
}

// Result returns what Wait would if the call has ended, and ErrNotFinished
// before that. When a method panics that is to copy the result, that is a PanicError.
func (c *Call[R]) Result() (R, error) {
	if !c.status().ended() {
		var zero R
		return zero, ErrNotFinished
	}
	return c.outcome()
}

// Value returns the result itself, not a copy; do not write to it. It is the
// zero value unless the call has ended. It is for generated code, which copies
// what it returns in place.
func (c *Call[R]) Value() R {
	if !c.status().ended() {
		var zero R
		return zero
	}
	return c.result
}

// Status returns how far the call has come.
func (c *Call[R]) Status() CallStatus {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	return c.snapshot()
}

// Stop ends the call for everyone who waits for it: they get an error that wraps
// ErrStopped, and the execution's context is cancelled. A call that has ended
// stays as it is.
func (c *Call[R]) Stop() { c.stop(named(c.owner.name, ErrStopped)) }

func (c *Call[R]) stop(reason error) {
	c.owner.mu.Lock()
	f := c.flight
	if f == nil {
		c.owner.mu.Unlock()
		return
	}
	c.endStopped(reason)
	c.owner.mu.Unlock()
	f.release(reason)
}

// outcome returns the caller's own copy of what an ended call came to.
func (c *Call[R]) outcome() (R, error) {
	if c.owner.clone == nil {
		return c.result, c.err
	}
	return c.copied()
}

// copied is outcome with a copy. When a method panics which makes that, only this
// caller gets a PanicError: the original is as it was.
func (c *Call[R]) copied() (result R, err error) {
	defer func() {
		if v := recover(); v != nil {
			var zero R
			result, err = zero, recovered(c.owner.name, v)
		}
	}()
	return c.owner.clone(c.result), c.err
}

// snapshot needs owner.mu.
func (c *Call[R]) snapshot() CallStatus {
	return CallStatus{
		Status:    c.status(),
		Requested: c.requested.time(),
		Started:   c.started.time(),
		Finished:  c.finished.time(),
		Attempts:  int(c.attempts),
		Stored:    c.stored,
		Reason:    c.err,
	}
}

// await returns the outcome of the call, for whose flight f the caller has been
// counted as waiter, or the error of the caller's context, whichever comes
// first. parent is the execution that the caller is in, if any.
func (c *Call[R]) await(ctx context.Context, f *flight, parent *body) (R, error) {
	if parent != nil {
		parent.pause()
	}
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	left := c.leave()
	if parent != nil {
		parent.flight.waited(f)
		parent.goOn()
	}
	if left {
		var zero R
		return zero, ctx.Err()
	}
	return c.outcome()
}

// leave counts a caller of Run or Wait that goes before the call has ended, and
// stops the call if it was the last one. It reports false if the call has ended.
func (c *Call[R]) leave() bool {
	if c.status().ended() {
		return false // most often; saves the lock
	}
	return c.depart(func(f *flight) { f.waiters-- })
}

// watch has a context that was given to Start leave when it ends.
func (c *Call[R]) watch(ctx context.Context, done <-chan struct{}, f *flight) {
	stop := context.AfterFunc(ctx, func() { c.leaveStart(done) })
	c.owner.mu.Lock()
	ended := c.flight == nil
	if _, waiting := f.starts[done]; !ended && waiting {
		f.starts[done] = stop
	}
	c.owner.mu.Unlock()
	if ended {
		stop() // release did not know of it
	}
}

// leaveStart does the same for a context that was given to Start.
func (c *Call[R]) leaveStart(done <-chan struct{}) {
	c.depart(func(f *flight) { delete(f.starts, done) })
}

// depart reports whether the call had not ended yet.
func (c *Call[R]) depart(remove func(*flight)) bool {
	c.owner.mu.Lock()
	f := c.flight
	if f == nil {
		c.owner.mu.Unlock()
		return false
	}
	remove(f)
	if !f.abandoned() {
		c.owner.mu.Unlock()
		return true
	}
	reason := named(c.owner.name, errAbandoned)
	c.endStopped(reason)
	c.owner.mu.Unlock()
	f.release(reason)
	return true
}

// end is how every call ends, the first to come having won: owner.mu is held and
// c.flight not nil. release has to follow once the lock is free.
func (c *Call[R]) end(status Status, result R, err error, keep bool) {
	f, r := c.flight, c.owner.Runner
	if c.status() == Pending {
		r.stats.Pending--
		if f.body != nil {
			r.slots.leave(f.body)
		}
		f.setOver()
	}
	switch status {
	case Succeeded:
		r.stats.Successes++
	case Failed:
		r.stats.Errors++
	case Stopped:
		r.stats.Stops++
	}
	c.flight = nil
	c.result, c.err = result, err
	c.finished = stampOf(time.Now())
	c.state.Store(uint32(status)) // from here on a reader may hit it
	c.owner.settle(c, f.hash, keep)
	delete(r.flights, f)
	r.note(f, c.snapshot())
	close(f.done)
}

// endStopped ends a call without a result.
func (c *Call[R]) endStopped(reason error) {
	var zero R
	c.end(Stopped, zero, reason, false)
}
