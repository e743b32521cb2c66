package runtime

import (
	"container/list"
	"context"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
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
	began   time.Time
	ctx     context.Context // of the body
	cancel  context.CancelCauseFunc
	release func() // of the timeout; nil without one

	traceEnds func(error) // of the tracer; nil without one

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

// passKey is where the context of a flow has its pass. The context of an
// execution hides it: inside of a work, calls block.
type passKey struct{}

// passOf returns the pass that ctx belongs to, nil outside of a flow.
func passOf(ctx context.Context) *pass {
	p, _ := ctx.Value(passKey{}).(*pass)
	return p
}

// inFlow reports whether ctx is that of a flow.
func inFlow(ctx context.Context) bool { return passOf(ctx) != nil }

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
	x.began = time.Now()
	if x.attempt = c.attempts; x.attempt == 1 {
		c.started = stampOf(x.began)
	}
	c.err, c.shown, c.progress = nil, nil, CallProgress{} // of the attempt before
	c.node.state.Store(uint32(Running))
	r.notifier.Notify()
}

// run is what the goroutine of an execution does. It is its own, so that no caller is
// needed until the end.
func (x *execution) run() {
	c := x.call
	if c.durable() {
		begun := false
		if c.guarded(x, func() { begun = c.acquire(x) }); !begun {
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
	o.keep, o.err = x.call.run(ctx)
	returned = true
}

// verified returns the fingerprint of what could be written to meanwhile.
func (c *call) verified() key.Fingerprint {
	e := key.Borrow()
	c.values.encode(e, c.runner.outside)
	return e.Keep(e.Fingerprint())
}

// run runs the body, and says whether what it returned may be kept. Of a call without key
// nothing is kept, so its body may change what it was given.
func (c *call) run(ctx context.Context) (keep bool, err error) {
	r := c.runner
	err = c.values.execute(ctx)
	if r.clone != nil {
		err = c.own(err)
	}
	changed := r.verifies && c.unkeyed == nil && c.verified() != c.before
	switch {
	case err != nil:
		return r.cacheErrors != 0 && !changed && lasting(err), err
	case changed:
		c.drop()
		return false, &InputChangedError{Work: r.name}
	}
	return true, nil
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
	if cause := context.Cause(x.ctx); cause != nil {
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
	defer x.call.runner.logPanic(o.panicked) // after the waiters are told
	defer x.finish(o)                        // whatever the error and the tracer do
	if o.shown = x.call.redacted(o.err); x.traceEnds != nil {
		x.traceEnds(o.recorded())
	}
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
		o, r := c.broken(recover()), c.runner
		switch {
		case x == nil:
			c.conclude(x, o)
		case x.attempt == 0:
			r.mu.Lock()
			r.slots.giveBack(x)
			r.mu.Unlock()
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
		if o := (outcome{err: timeout, none: true, timedOut: true}); !x.retries(o.err) {
			if x.call.durable() {
				x.call.publishSoon(x, o)
			}
			x.call.conclude(x, o)
		}
	})
	x.ctx, x.release = ctx, func() { timer.Stop(); cancel() }
}

// retries reports whether the call executes again after err.
func (x *execution) retries(err error) bool {
	r := x.call.runner
	return err != nil && x.attempt < r.retry.Attempts && r.worthwhile(err)
}

// finish has the call executed again, or ends it, when a body has returned.
func (x *execution) finish(o *outcome) {
	c, lost, again, after := x.call, x.lost.Load(), false, time.Duration(0)
	if !lost && !c.guarded(x, func() {
		if again = x.retries(o.err); again {
			after = waitsAfter(o.err)
		} else if c.durable() {
			c.publish(x, o, true)
		}
	}) {
		return
	}
	switch {
	case lost:
		x.yield(o)
	case again:
		x.again(o, after)
	default:
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

// again has the call executed again after a wait of at least after.
func (x *execution) again(o *outcome, after time.Duration) {
	c := x.call
	r := c.runner
	x.pends(o, func() {
		c.execution = nil
		c.retry = time.AfterFunc(r.retry.wait(c.attempts, after), func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !c.ended() {
				c.schedule()
			}
		})
		r.stats.Retries++
	})
}

// yield makes the call wait for the execution that has its lease now.
func (x *execution) yield(o *outcome) {
	c, next := x.call, newExecution(x.call)
	c.runner.mu.Lock()
	c.lease.stop()
	c.lease = nil
	c.runner.mu.Unlock()
	if x.pends(o, func() { c.execution = next }) {
		go c.guarded(next, func() { c.awaitHolder(next) })
	}
}

// pends makes the call Pending again after a body has returned, and prepares what comes
// next, unless the call has ended; that it reports. prepare needs runner.mu.
func (x *execution) pends(o *outcome, prepare func()) bool {
	c := x.call
	r := c.runner
	defer x.cancel(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	x.returned(o.panicked)
	if c.ended() {
		c.over()
		return false
	}
	prepare()
	c.executed(x, time.Now(), o.recorded())
	r.stats.Pending++
	c.err, c.shown = o.err, o.recorded()
	c.node.state.Store(uint32(Pending))
	r.notifier.Notify()
	return true
}

// returned counts a body that has returned and frees its slot. It comes before the
// call's end, so that callers find it counted. runner.mu is held.
func (x *execution) returned(panicked *PanicError) {
	r := x.call.runner
	r.slots.end(x)
	x.gone.Store(true)
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

// Attempt returns which execution of its call ctx is the context of, from 1: more than 1
// under [Retry]. Outside of a body it is 0.
func Attempt(ctx context.Context) int {
	x := executionOf(ctx)
	if x == nil {
		return 0
	}
	return x.attempt // since before the body began
}

// Logger returns a logger for the body that ctx is the context of. It writes to the
// runner's logger ([WithLogger]), without what is secret, and names work, call and attempt. Outside of a body it is
// slog.Default().
func Logger(ctx context.Context) *slog.Logger {
	x := executionOf(ctx)
	if x == nil {
		return slog.Default()
	}
	r := x.call.runner
	l := r.logger
	if l == nil {
		l = slog.Default()
	}
	if redact.Any() {
		redact.Add(x.call.secrets)
		l = redact.Logger(l)
	}
	return l.With(slog.String("work", r.name), slog.Uint64("call", x.call.node.number), slog.Int("attempt", x.attempt))
}

// Progress says how far the body has come that ctx is the context of: done of total steps,
// of whatever the body counts, or 0 of 0 where it does not count; note is for people, and
// may be "". It shows in [CallStatus]. Those who watch are told ten times a second at most,
// so it may be called as often as it suits. Outside of a body it does nothing.
func Progress(ctx context.Context, done, total int64, note string) {
	x := executionOf(ctx)
	if x == nil {
		return
	}
	c := x.call
	if redact.Any() {
		redact.Add(c.secrets)
		note = redact.Text(note)
	}
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if c.ended() || c.execution != x {
		return
	}
	c.progress = CallProgress{done, total, note}
	if now := time.Now(); now.Sub(c.told) >= progressEvery {
		c.told = now
		c.runner.notifier.Notify()
	}
}

// progressEvery is how often those who watch are told of progress at most.
const progressEvery = 100 * time.Millisecond

// CallProgress is how far an execution has come, as its body says by [Progress].
type CallProgress struct {
	Done, Total int64  // steps; 0 of 0 where the body does not count any
	Note        string // for people
}
