package runtime

import (
	"container/list"
	"context"
	"sync/atomic"
	"time"
)

// execution is one execution of a call's body: of a call that is retried, one of
// several, which never overlap. Goroutines that a body left behind still hold it when
// the next one of the same call runs. runner.mu guards it, but for the contexts.
//
// It is the parent of the body's context, which has the values of the caller's and does
// not end with it.
type execution struct {
	call    *call
	attempt int // from 1; 0 before it begins
	ctx     context.Context
	cancel  context.CancelCauseFunc

	queued *list.Element // place among those that wait for a slot; nil when it does not
	slot   bool          // has a slot
	pauses int           // goroutines of the body that wait for other calls
	resume chan struct{} // closed when a body that is to go on may; nil when none waits
	over   bool          // has returned
	gone   atomic.Bool   // over, for who does not hold runner.mu
	lost   atomic.Bool   // another execution has its lease
}

// executionKey is where a context has its execution.
type executionKey struct{}

// executionOf returns the execution that was given ctx, nil outside of one.
func executionOf(ctx context.Context) *execution {
	x, _ := ctx.Value(executionKey{}).(*execution)
	return x
}

func (x *execution) Deadline() (time.Time, bool) { return time.Time{}, false }
func (x *execution) Done() <-chan struct{}       { return nil }
func (x *execution) Err() error                  { return nil }

// Value hides the pass of a flow: inside of a work, calls block.
func (x *execution) Value(k any) any {
	switch k {
	case executionKey{}:
		return x
	case passKey{}:
		return nil
	}
	return x.call.origin.Value(k)
}

// newExecution makes an execution, which has no slot yet.
func newExecution(c *call) *execution {
	x := &execution{call: c}
	x.ctx, x.cancel = context.WithCancelCause(x)
	return x
}

// schedule has the call executed as soon as there is a slot. runner.mu is held.
func (c *call) schedule() {
	x := newExecution(c)
	c.execution = x
	if c.runner.slots.admit(x) {
		x.start()
	}
}

// start begins an execution that has a slot. runner.mu is held.
func (x *execution) start() {
	if !x.call.durable() {
		x.begin()
	}
	go x.run()
}

// begin makes the call Running. runner.mu is held, and the call has not ended.
func (x *execution) begin() {
	c := x.call
	r := c.runner
	r.stats.Pending--
	r.stats.Executions++
	r.stats.InFlight++
	c.attempts++
	if x.attempt = c.attempts; x.attempt == 1 {
		c.started = stampOf(time.Now())
	}
	c.err, c.progress = nil, CallProgress{} // of the attempt before
	c.node.state.Store(uint32(Running))
	r.note(c)
}

// run is what the goroutine of an execution does. It is its own, so that no caller is
// needed until the end.
func (x *execution) run() {
	c := x.call
	r := c.runner
	if c.durable() && !x.acquired() {
		return
	}
	began := time.Now()
	ctx, release := x.limit()
	var o outcome
	returned := false
	ends := func(error) {}
	defer func() {
		// Deferred, for a body may also end by panic or by Goexit. The latter
		// cannot be held up: the goroutine ends after this.
		if !returned {
			o = broken(r.name, recover())
		}
		if cause := context.Cause(ctx); cause != nil {
			// The context ended before the body did. Unless this is the very
			// moment of the timeout, so has the call; what comes is too late.
			o = outcome{err: cause, none: true, timedOut: true, panicked: o.panicked}
		}
		release()
		defer r.logPanic(o.panicked) // after the waiters are told
		took := time.Since(began)
		defer x.finish(o, took) // whatever the tracer does
		ends(o.err)
	}()
	traced, ended := r.traced(ctx, x)
	ends = ended
	o.keep, o.err = c.values.execute(traced)
	returned = true
}

// acquired is call.acquire, with an end of the call where code of the user's, such as a
// method that describes the inputs, ends the goroutine or panics.
func (x *execution) acquired() (ok bool) {
	through, c := false, x.call
	defer func() {
		if through {
			return
		}
		o, r := broken(c.runner.name, recover()), c.runner
		r.mu.Lock()
		r.slots.giveBack(x)
		r.mu.Unlock()
		c.conclude(x, o)
	}()
	ok = c.acquire(x)
	through = true
	return ok
}

// broken is the outcome of user code that did not return; value is from recover,
// called by the same deferred function.
func broken(work string, value any) outcome {
	err := recovered(work, value)
	panicked, _ := err.(*PanicError)
	return outcome{err: err, none: true, panicked: panicked}
}

// limit returns the context of a body, with the timeout. The deadline shows in
// it, and when it passes, the call ends, whether the body heeds it or not; but a
// call that is to be retried goes on when the body has returned.
func (x *execution) limit() (context.Context, func()) {
	r := x.call.runner
	if r.timeout == 0 {
		return x.ctx, func() {}
	}
	timeout := &TimeoutError{Work: r.name, After: r.timeout}
	ctx, cancel := context.WithTimeoutCause(x.ctx, r.timeout, timeout)
	// A timer of its own, for the context may have ended before for another reason.
	timer := time.AfterFunc(r.timeout, func() {
		if o := (outcome{err: timeout, none: true, timedOut: true}); !x.retries(o.err) {
			x.call.publish(x, &o, false)
			x.call.conclude(x, o)
		}
	})
	return ctx, func() { timer.Stop(); cancel() }
}

// retries reports whether the call executes again after err.
func (x *execution) retries(err error) bool {
	r := x.call.runner
	return err != nil && x.attempt < r.retry.Attempts && r.worthwhile(err)
}

// finish does what is to be done when a body has returned.
func (x *execution) finish(o outcome, took time.Duration) {
	through, c := false, x.call
	defer func() {
		if !through { // code of the user's, such as a method of an error, ended the goroutine
			x.end(broken(c.runner.name, recover()), took)
		}
	}()
	switch {
	case x.lost.Load():
		through = true
		x.yield(o, took)
		return
	case x.retries(o.err):
		after := waitsAfter(o.err)
		through = true
		x.again(o, took, after)
		return
	}
	c.publish(x, &o, true)
	through = true
	x.end(o, took)
}

// end counts a body that has returned, and ends the call if that has not ended.
func (x *execution) end(o outcome, took time.Duration) {
	c := x.call
	r := c.runner
	r.mu.Lock()
	x.returned(o.panicked, took)
	c.over()
	mine := c.execution == x && !c.ended()
	if mine {
		c.endWith(o)
	}
	r.mu.Unlock()
	if mine {
		c.release(o.err)
	}
	x.cancel(nil)
}

// again makes the call Pending, to execute after a wait of at least after, unless it has
// ended.
func (x *execution) again(o outcome, took, after time.Duration) {
	c := x.call
	r := c.runner
	r.mu.Lock()
	x.returned(o.panicked, took)
	if c.ended() {
		c.over()
		r.mu.Unlock()
		return
	}
	c.execution = nil
	c.retry = time.AfterFunc(r.retry.wait(c.attempts, after), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !c.ended() {
			c.schedule()
		}
	})
	r.stats.Retries++
	c.pends(o.err)
	r.mu.Unlock()
	x.cancel(nil)
}

// yield makes the call wait for the execution that has its lease now, unless it has ended.
func (x *execution) yield(o outcome, took time.Duration) {
	c := x.call
	r := c.runner
	r.mu.Lock()
	x.returned(o.panicked, took)
	c.lease.stop()
	c.lease.held = false
	if c.ended() {
		c.over()
		r.mu.Unlock()
		return
	}
	next := newExecution(c)
	c.execution = next
	c.pends(o.err)
	r.mu.Unlock()
	c.goOn(next, func() { c.awaitHolder(next) })
}

// pends makes a call Pending again that was Running. runner.mu is held.
func (c *call) pends(err error) {
	c.runner.stats.Pending++
	c.err = err
	c.node.state.Store(uint32(Pending))
	c.runner.note(c)
}

// returned counts a body that has returned and frees its slot. It comes before the
// call's end, so that callers find it counted. runner.mu is held.
func (x *execution) returned(panicked *PanicError, took time.Duration) {
	r := x.call.runner
	r.slots.end(x)
	x.gone.Store(true)
	r.stats.ExecutionTime += took
	if panicked != nil {
		r.stats.Panics++
	}
	r.stats.InFlight--
	if r.stats.InFlight == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}
