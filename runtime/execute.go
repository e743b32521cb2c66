package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// outcome is what an execution came to.
type outcome[R any] struct {
	result   R
	err      error
	keep     bool
	timedOut bool
	stored   bool        // the result is that of the store
	expires  time.Time   // of a result that the store had; zero: never
	panicked *PanicError // set also when err is something else
}

// broken is the outcome of user code that did not return; value is from recover,
// called by the same deferred function.
func broken[R any](work string, value any) (o outcome[R]) {
	o.err = recovered(work, value)
	o.panicked, _ = o.err.(*PanicError)
	return o
}

// launch prepares a new call in the goroutine of the caller who made it, and has
// it executed. The arguments are copied before launch returns, so the caller may
// then change its own. A result that the store has is read at once if the caller
// waits for it, and elsewhere otherwise; launch reports whether the call has ended
// with it.
//
// Others may have joined the call by now. When copying panics, all get that as the
// call's error.
func (c *Calls[K, A, R]) launch(ctx context.Context, e *entry[K, R], f *flight, args A, waits bool) (ended bool) {
	prepared := false
	defer func() {
		if !prepared {
			c.conclude(&e.call, f, nil, broken[R](c.owner.name, recover()))
		}
	}()
	if c.spec.CloneArgs != nil {
		args = c.spec.CloneArgs(args)
	}
	if c.owner.bell.heard() {
		c.remember(f.number, args)
	}
	j := &job[K, A, R]{calls: c, entry: e, flight: f, args: args}
	if c.owner.store != nil && f.unkeyed == nil {
		// Before the inputs are compared with those that the call was identified by.
		f.key = c.keyOf(&args)
		if j.durable = !f.key.IsZero(); !j.durable {
			c.owner.storeFailed(ctx, "a result cannot be stored", errNoKey)
		}
	}
	if f.unkeyed == nil {
		j.before = c.inputs(&args)
	} else {
		c.owner.warnUnkeyed(f.unkeyed)
	}
	prepared = true
	if c.spec.Outside && f.unkeyed == nil && any(j.before) != any(e.key) {
		c.conclude(&e.call, f, nil, outcome[R]{err: &InputChangedError{Work: c.owner.name}})
		return false
	}
	if f.unkeyed != nil && c.owner.override == onlyCache {
		c.conclude(&e.call, f, nil, outcome[R]{err: &MissError{Work: c.owner.name}})
		return false
	}

	switch {
	case !j.durable:
		if f.attach(ctx) {
			j.schedule()
		}
	case !waits:
		if f.attach(ctx) {
			go j.find(f.ctx)
		}
	default:
		// The caller leaves a store that does not answer when ctx ends. A context for
		// bodies is made when there are going to be some.
		looking, cancel := context.WithCancelCause(ctx)
		if f.become(cancel, nil) {
			return j.find(looking)
		}
	}
	return false
}

// errNoKey is why a call is not looked for in the store although it was identified.
var errNoKey = errors.New("the inputs could be encoded once, and not again")

// inputs returns the fingerprint of what could be written to meanwhile.
func (c *Calls[K, A, R]) inputs(args *A) (fp key.Fingerprint) {
	if c.spec.Inputs == nil {
		return fp
	}
	e := key.Borrow()
	c.spec.Inputs(e, args)
	fp = e.Fingerprint().Clone()
	e.Release()
	return fp
}

// execute runs the body of a call that has got its slot. Its goroutine is its
// own, so that no caller is needed until the end.
func (c *Calls[K, A, R]) execute(j *job[K, A, R], b *body) {
	e := j.entry
	if !c.begin(&e.call, b) {
		return
	}
	began := time.Now()
	ctx, release := c.limit(&e.call, b)
	var o outcome[R]
	returned := false
	ends := func(error) {}
	defer func() {
		// Deferred, for a body may also end by panic or by Goexit. The latter
		// cannot be held up: the goroutine ends after this.
		if !returned {
			o = broken[R](c.owner.name, recover())
		}
		if cause := context.Cause(ctx); cause != nil {
			// The context ended before the body did. Unless this is the very
			// moment of the timeout, so has the call; what comes is too late.
			o = outcome[R]{err: cause, timedOut: true, panicked: o.panicked}
		}
		release()
		defer c.owner.logPanic(o.panicked) // whatever observers do, and after the waiters
		took := time.Since(began)
		defer c.finish(j, b, &o, took) // whatever the tracer does
		ends(o.err)
	}()
	c.owner.deliver() // here, because an observer may call Goexit, too
	traced, ended := c.owner.traced(ctx, b, e.call.requested)
	ends = ended
	own := c.argsOf(j.args)
	o = c.body(traced, b.flight, &own, j.before)
	returned = true
}

// finish does what is to be done when a body has returned with an outcome.
func (c *Calls[K, A, R]) finish(j *job[K, A, R], b *body, o *outcome[R], took time.Duration) {
	if c.owner.retries(b, o.err) {
		c.again(&j.entry.call, b, *o, took, j.newBody)
		return
	}
	j.publish(b, o)
	c.returned(&j.entry.call, b, *o, took)
	j.noteFailure(b)
}

// begin makes the call Running, unless it has ended while it waited for a slot.
func (c *Calls[K, A, R]) begin(call *Call[R], b *body) bool {
	r := c.owner.Runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if call.flight == nil {
		r.slots.giveBack(b)
		return false
	}
	r.stats.Pending--
	r.stats.Executions++
	r.stats.InFlight++
	call.attempts++
	if b.attempt = int(call.attempts); b.attempt == 1 {
		call.started = stampOf(time.Now())
	}
	call.err = nil // of the attempt before
	call.state.Store(uint32(Running))
	r.note(b.flight, call.snapshot())
	return true
}

// limit returns the context of a body, with the timeout. The deadline shows in
// it, and when it passes, the call ends, whether the body heeds it or not; but a
// call that is to be retried goes on when the body has returned.
func (c *Calls[K, A, R]) limit(call *Call[R], b *body) (context.Context, func()) {
	f, d := b.flight, c.owner.timeout
	ctx := context.WithValue(f.ctx, bodyKey{}, b)
	if d == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d, &TimeoutError{Work: c.owner.name, After: d})
	stop := context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		if !c.owner.retries(b, cause) {
			c.conclude(call, f, b, outcome[R]{err: cause, timedOut: true})
		}
	})
	return ctx, func() { stop(); cancel() }
}

// body executes, and judges what comes back. Of a call without key nothing is
// kept, so it may change what it was given.
func (c *Calls[K, A, R]) body(ctx context.Context, f *flight, args *A, before key.Fingerprint) (o outcome[R]) {
	o.result, o.err = c.spec.Execute(ctx, *args)
	if c.spec.CloneResult != nil {
		c.own(&o)
	}
	changed := f.unkeyed == nil && c.inputs(args) != before
	switch {
	case o.err != nil:
		o.keep = c.owner.cacheErrors != 0 && !changed && lasting(o.err)
	case changed:
		o = outcome[R]{err: &InputChangedError{Work: c.owner.name}}
	default:
		o.keep = true
	}
	return o
}

// own replaces the result by a copy: the body may have returned memory that
// belongs to the work, or to an argument that could not be copied, and that is
// written to later. What cannot be copied, which generated code says by a panic,
// is dropped.
func (c *Calls[K, A, R]) own(o *outcome[R]) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *UnknownTypeError:
			*o = outcome[R]{err: o.err}
			if o.err == nil {
				o.err = &UnknownTypeError{Work: c.owner.name, Interface: v.Interface}
			}
		default:
			panic(v)
		}
	}()
	o.result = c.spec.CloneResult(o.result)
}

// returned says that the last body of a call has returned.
func (c *Calls[K, A, R]) returned(call *Call[R], b *body, o outcome[R], took time.Duration) {
	r := c.owner.Runner
	r.mu.Lock()
	r.bodyReturned(b, o.panicked, took)
	b.flight.setOver()
	r.mu.Unlock()
	c.conclude(call, b.flight, b, o)
}

// conclude ends a call with the outcome of b, its latest body, if nothing else
// has ended it. Without a body yet b is nil.
func (c *Calls[K, A, R]) conclude(call *Call[R], f *flight, b *body, o outcome[R]) {
	status := Succeeded
	if o.err != nil {
		status = Failed
	}
	r := c.owner.Runner
	r.mu.Lock()
	mine := call.flight != nil && f.body == b
	if mine {
		if o.timedOut {
			r.stats.Timeouts++
		}
		if call.stored = o.stored; o.stored {
			r.stats.Stored++
		}
		call.end(status, o.result, o.err, o.keep && !f.deleted)
		if e := c.table.holder(call, f.hash); e != nil {
			c.keptDurably(e, f.key)
			if !o.expires.IsZero() {
				c.expireAt(e, o.expires)
			}
		}
	}
	r.mu.Unlock()
	if mine {
		f.release(o.err)
	}
}
