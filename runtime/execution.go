package runtime

import (
	"context"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/internal/remote"
	"github.com/workgen/workgen/runtime/internal/slots"
	"github.com/workgen/workgen/runtime/internal/waits"
	"github.com/workgen/workgen/runtime/key"
)

// execution is one execution of a call's body: of a call that is retried, one of
// several, which never overlap. Goroutines that a body left behind still hold it when
// the next one of the same call runs. runner.mu guards it, but for the contexts.
//
// It is the context of the body: see body_context.go.
type execution struct {
	call    *call
	attempt int // from 1, over restarts; 0 before it begins
	began   time.Time
	seq     uint64                      // of its record in the store; 0 without one
	ctx     context.Context             // of the body: the execution itself, or with the timeout
	release func()                      // of the timeout; nil without one
	cause   atomic.Pointer[error]       // why the context has ended; nil: it has not, or the timeout has ended it
	made    atomic.Pointer[cancellable] // nil: nobody has looked at the context

	traceEnds func(error) // of the tracer; nil without one

	turn  slots.Turn  // among those that want a slot; it says whether the body has returned
	lost  atomic.Bool // another execution has its lease
	rated atomic.Bool // it waits for the rate limiter
	place *place      // in the pool, from when it has a slot; nil without a pool
}

// newExecution makes an execution, which has no slot yet.
func newExecution(c *call) *execution {
	x := &execution{call: c}
	x.ctx = x
	return x
}

// execute has the call executed when there is a slot, if it has not ended.
func (c *call) execute() { c.proceed(c.schedule) }

// postpone has the call wait for its turn, if it has not ended: see awaitTurn.
func (c *call) postpone() {
	var x *execution
	c.proceed(func() {
		x = newExecution(c)
		c.execution = x
	})
	if x != nil {
		go c.guarded(x, func() { c.awaitTurn(x) })
	}
}

// proceed calls next, with runner.mu, if the call has not ended, and ends the look into the
// store.
func (c *call) proceed(next func()) {
	r := c.runner
	r.mu.Lock()
	looking := c.looking
	if !c.ended() {
		c.looking = nil
		next()
	}
	r.mu.Unlock()
	if looking != nil {
		looking(nil)
	}
}

// schedule has the call executed as soon as there is a slot, or by a worker. runner.mu is held.
func (c *call) schedule() {
	x := newExecution(c)
	c.execution = x
	if c.remote() {
		go c.guarded(x, func() { c.awaitTurn(x) })
		return
	}
	if c.runner.slots.Admit(&x.turn, x) {
		x.HasSlot()
	}
}

// durable reports whether the result is looked for in the store, and put there.
func (c *call) durable() bool { return !c.key.IsZero() && !c.storeless.Load() }

// HasSlot goes on with an execution that has a slot: it begins, as soon as the pool, if there
// is one, has a slot, too. Where there is more to wait for, its goroutine begins it. runner.mu
// is held.
func (x *execution) HasSlot() {
	r := x.call.runner
	if r.pool != nil && !r.pool.admit(x) {
		return
	}
	if r.limiter == nil && !x.call.durable() {
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
	x.attempt, x.began, x.seq = c.attempts, time.Now(), c.lease.Seq()
	if c.started == 0 {
		c.started = stampOf(x.began)
	}
	c.err, c.shown, c.progress, c.due = nil, nil, nil, 0 // of the attempt before
	c.node.state.Store(uint32(Running))
	r.notifier.Notify()
}

// run is what the goroutine of an execution does. It is its own, so that no caller is
// needed until the end.
func (x *execution) run() {
	c := x.call
	if x.attempt == 0 {
		begun := false
		if c.guarded(x, func() { begun = c.enter(x) }); !begun {
			return
		}
	}
	if c.runner.timeout > 0 {
		x.limit()
	}
	var o outcome
	x.execute(&o)
	x.returns(&o)
}

// execute runs the body. After Goexit, which cannot be held up, it does what is left to
// do by itself: the goroutine ends then.
func (x *execution) execute(o *outcome) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		*o = x.call.broken(v)
		if v == nil {
			x.returns(o)
		}
	}()
	ctx := x.ctx
	if x.call.runner.tracer != nil {
		ctx = x.trace()
	}
	x.body(ctx, o)
	returned = true
}

// verified returns the fingerprint of what could be written to meanwhile.
func (c *call) verified() key.Fingerprint {
	e := key.Borrow()
	c.values.encode(e, c.runner.outside)
	return e.Keep(e.Fingerprint())
}

// body runs the body, and says whether what it returned may be kept. Of a call without key
// nothing is kept, so its body may change what it was given.
func (x *execution) body(ctx context.Context, o *outcome) {
	c := x.call
	r := c.runner
	var err error
	if r.hooked == nil {
		err = c.values.execute(ctx)
	} else {
		err = x.runHooked(ctx)
	}
	if r.clone != nil {
		err = c.own(err)
	}
	changed := r.verifies && c.unkeyed == nil && c.verified() != c.before
	switch o.err = err; {
	case err != nil:
		o.keep = r.keepsErrors() && !changed && lasting(err) // if it is the last one: see finish
	case changed:
		c.drop()
		o.err = &InputChangedError{Work: r.name}
	default:
		o.lifetime = r.lives(c.values.lifetime())
		o.keep = o.lifetime >= 0
		c.weigh(o)
	}
}

// weigh notes what it takes to keep the result, if somebody asks.
func (c *call) weigh(o *outcome) {
	if o.keep && c.runner.weighs() {
		o.bytes = c.values.bytes()
	}
}

// own replaces the result by a copy: the body may have returned memory that
// belongs to the work, or to an argument that could not be copied, and that is
// written to later. What cannot be copied, which generated code says by a panic,
// is dropped.
func (c *call) own(failed error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *UnknownTypeError:
			c.drop()
			if err = failed; err == nil {
				err = &UnknownTypeError{Work: c.runner.name, Interface: v.Interface}
			}
		default:
			panic(v)
		}
	}()
	c.values.copyResult()
	return failed
}

func (c *call) drop() { reflect.ValueOf(c.values.result()).Elem().SetZero() }

// returns does what is to be done when a body has returned, or has ended otherwise. Below
// it, a call without an error ends on the two kilobytes of stack that a goroutine has at
// first: to let it grow takes as long as the rest of a miss. So it has no defer, and no
// large values.
func (x *execution) returns(o *outcome) {
	if cause := x.endedBy(); cause != nil {
		// The context ended before the body did. Unless this is the very
		// moment of the timeout, so has the call; what comes is too late.
		o.err, o.none, o.keep, o.timedOut = cause, true, false, true
	}
	if x.release != nil {
		x.release()
	}
	if x.traceEnds == nil && o.err == nil {
		x.finish(o)
		return
	}
	x.finishTold(o)
}

// finishTold is finish where somebody is to be told first, or afterwards: the tracer, and
// the log of a panic.
func (x *execution) finishTold(o *outcome) {
	if o.panicked != nil && !x.call.isOfLoop() {
		defer x.call.runner.logPanic(o.panicked) // after the waiters are told
	}
	defer x.finish(o) // whatever the error and the tracer do
	if o.shown = x.call.redacted(o.err); x.traceEnds != nil {
		x.traceEnds(o.recorded())
	}
}

// redacted returns an error as it is to be recorded, without secret inputs of this call, or
// of one that it made.
func (c *call) redacted(err error) error {
	if err != nil && c.secrets != nil {
		redact.Add(c.secrets)
	}
	return redact.Error(err, redactedPanic)
}

// guarded runs f, in which code of the user's may end the goroutine, or panic: a method that
// copies or describes the inputs, encodes the result, or belongs to an error. The call then ends with
// that, as far as it has not gone on by another execution than x. guarded reports whether f
// has returned.
func (c *call) guarded(x *execution, f func()) (ok bool) {
	defer func() {
		if ok {
			return
		}
		o := c.broken(recover())
		switch {
		case x == nil:
			c.conclude(x, o)
		case x.attempt == 0:
			x.freeSlots()
			c.conclude(x, o)
		default:
			x.end(&o)
		}
	}()
	f()
	return true
}

// broken is the outcome of user code that did not return; value is from recover,
// called by the same deferred function.
func (c *call) broken(value any) outcome {
	err := recovered(c.runner.name, value)
	panicked, _ := err.(*PanicError)
	return outcome{err: err, shown: c.redacted(err), none: true, panicked: panicked}
}

// limit gives the body's context the timeout. The deadline shows in it, and when it
// passes, the call ends, whether the body heeds it or not; but a call that is to be
// retried goes on when the body has returned.
func (x *execution) limit() {
	r := x.call.runner
	timeout := &TimeoutError{Work: r.name, After: r.timeout}
	ctx, cancel := context.WithTimeoutCause(x.ctx, r.timeout, timeout)
	// A timer of its own, for the context may have ended before for another reason.
	timer := time.AfterFunc(r.timeout, func() {
		r.mu.Lock()
		x.outlasts(timeout)
		r.mu.Unlock()
		if o := (outcome{err: timeout, none: true, timedOut: true}); x.retriesAfter(o.err) == 0 {
			if x.call.durable() {
				x.call.publishSoon(x, o)
			}
			x.call.conclude(x, o)
		}
	})
	x.ctx, x.release = ctx, func() { timer.Stop(); cancel() }
}

// retriesAfter returns how long to wait after err until the call executes again; 0: it does
// not.
func (x *execution) retriesAfter(err error) time.Duration {
	r := x.call.runner
	if err == nil || x.attempt >= r.retry.Attempts || !r.worthwhile(err) {
		return 0
	}
	return max(r.retry.wait(x.attempt, backoff.Least(err)), 1)
}

// finish has the call executed again, or ends it, when a body has returned.
func (x *execution) finish(o *outcome) {
	c, wait := x.call, time.Duration(0)
	if !x.lost.Load() && !c.guarded(x, func() {
		if wait = x.retriesAfter(o.err); c.again {
			o.retry = backoff.Least(o.err)
		}
		if o.err != nil && o.keep && wait == 0 {
			c.runner.keepError(o)
		}
		if c.durable() {
			c.publish(x, o, wait, true)
		}
	}) {
		return
	}
	if x.lost.Load() || wait > 0 {
		x.again(o, wait)
	} else {
		x.end(o)
	}
}

// end counts a body that has returned, and ends the call if that has not ended.
func (x *execution) end(o *outcome) {
	c := x.call
	r := c.runner
	r.mu.Lock()
	x.returned(o.panicked)
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

// again has the call executed again after a wait. Without one, another execution has the
// lease, and the call goes on with what that comes to. Who shares the store may begin the next
// attempt as well.
func (x *execution) again(o *outcome, wait time.Duration) {
	c, next := x.call, newExecution(x.call)
	r, shared := c.runner, false
	x.pends(o, func() {
		if wait > 0 {
			r.stats.Retries++
			c.lease.Drop() // the store has it, unless it failed
		}
		c.lease.Stop()
		c.lease, c.execution, c.due = nil, nil, time.Since(r.made)+wait
		if shared = c.durable() && !c.forgotten; shared {
			c.execution = next
			return
		}
		timer := time.AfterFunc(wait, c.execute)
		c.looking = func(error) { timer.Stop() }
	})
	if shared {
		go c.guarded(next, func() { c.awaitTurn(next) })
	}
}

// pends makes the call Pending again after a body has returned, and prepares what comes
// next, unless the call has ended. prepare needs runner.mu.
func (x *execution) pends(o *outcome, prepare func()) {
	c := x.call
	r := c.runner
	defer x.cancel(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	x.returned(o.panicked)
	if c.ended() {
		c.over()
		return
	}
	prepare()
	c.executed(x, time.Now(), o.recorded())
	r.stats.Pending++
	c.err, c.shown = o.err, o.recorded()
	c.node.state.Store(uint32(Pending))
	for _, w := range c.watchers {
		w.pends(c)
	}
	r.notifier.Notify()
}

// returned counts a body that has returned and frees its slot. It comes before the
// call's end, so that callers find it counted. runner.mu is held.
func (x *execution) returned(panicked *PanicError) {
	r := x.call.runner
	x.endSlots()
	if r.ignoring != nil {
		r.heeds(x)
	}
	r.stats.ExecutionTime += time.Since(x.began)
	if panicked != nil {
		r.stats.Panics++
	}
	r.stats.InFlight--
	if r.stats.InFlight == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// waiting has which calls wait for which others, of all runners of the process, since a
// cycle may run through several. Only calls made inside of executions are in it.
var waiting = waits.Graph[*call, *execution]{
	Ended: (*call).ended,
	Over:  func(x *execution) bool { return x.turn.Over() },
}

// waitFor notes that x waits for a call, unless neither could then ever end.
func (x *execution) waitFor(on *call) error {
	cycle := waiting.Add(x.call, x, on)
	if cycle == nil {
		return nil
	}
	err := &CycleError{}
	for _, c := range cycle {
		err.Works = append(err.Works, c.runner.name)
	}
	return err
}

// freeSlots gives back what an execution has that does not begin.
func (x *execution) freeSlots() {
	x.call.runner.mu.Lock()
	defer x.call.runner.mu.Unlock()
	x.leaveSlots()
}

// leaveSlots takes an execution that does not begin out of all queues, and gives back what it
// has. runner.mu is held.
func (x *execution) leaveSlots() {
	r := x.call.runner
	r.slots.Leave(&x.turn)
	if r.pool != nil {
		r.pool.leave(x.place)
	}
	r.slots.GiveBack(&x.turn)
}

// endSlots frees what an execution has whose body has returned. runner.mu is held.
func (x *execution) endSlots() {
	r := x.call.runner
	if r.pool != nil {
		r.pool.end(x.place)
	}
	r.slots.End(&x.turn)
}

// bounded reports whether executions have to wait for others.
func (r *runner) bounded() bool { return !r.slots.Unlimited() || r.pool != nil }

// waitsForSlot reports whether x waits for a slot, to begin or to go on. runner.mu is held.
func (x *execution) waitsForSlot() bool {
	return x.turn.Waits() || x.call.runner.pool.waits(x.place)
}

// pause says that a goroutine of x is going to wait for a call, which frees the slots of x.
func (x *execution) pause() {
	r := x.call.runner
	if slot := remote.SlotOf(x.call.origin); slot != nil {
		slot.Pause()
	}
	if !r.bounded() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pool != nil {
		r.pool.pause(x.place)
	}
	r.slots.Pause(&x.turn)
}

// goOn says that the wait for a call is through, and returns when x has its slots again: that
// of the pool last, so that nobody has one there who cannot use it.
func (x *execution) goOn(on *call) {
	waiting.Remove(x.call, x, on)
	x.takeSlots()
	if slot := remote.SlotOf(x.call.origin); slot != nil {
		slot.GoOn()
	}
}

// takeSlots returns when x has the slots of its runner, and of the pool, again.
func (x *execution) takeSlots() {
	r := x.call.runner
	if !r.bounded() {
		return
	}
	r.mu.Lock()
	resume := r.slots.GoOn(&x.turn)
	r.mu.Unlock()
	if resume != nil {
		<-resume
	}
	if r.pool == nil {
		return
	}
	if resume = r.pool.goOn(x.place); resume != nil {
		<-resume
	}
}
