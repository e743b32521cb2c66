package runtime

import (
	"context"
	"time"
)

// This file is how calls behave inside of a flow: nothing blocks, and failed
// calls are remembered until they may execute again.

// runInFlow is Run inside of a flow. A call that is new suspends the pass even
// if it ends in the same moment: what a pass does must not depend on a race.
func (c *Calls[K, A, R]) runInFlow(ctx context.Context, p *pass, hash uint64, k K, args A) (R, error) {
	call, ended := c.startInFlow(ctx, p, hash, k, args)
	if ended {
		return call.outcome()
	}
	if !c.owner.cacheCalls {
		p.engine.warnUnreachable(c.owner.Runner)
	}
	var zero R
	return zero, p.suspend(c.owner.name)
}

// startInFlow is Start inside of a flow. It returns
//
//   - the call that is still unfinished since an earlier pass;
//   - the failed or stopped one, until it may execute again;
//   - the kept one;
//   - otherwise a new one, or one that was refused;
//
// and whether the flow may take it for ended. With caching off there are no kept
// ones, so each pass after the end of a call makes another.
func (c *Calls[K, A, R]) startInFlow(ctx context.Context, p *pass, hash uint64, k K, args A) (call *Call[R], ended bool) {
	if err := unkeyed(&k); err != nil {
		return c.refusal(c.owner.refuseUnkeyed(err)), true
	}
	e := p.engine
	id := callKey{c.owner.Runner, k}
	if known, ended := e.known(id, p.number); known != nil {
		return known.(*Call[R]), ended
	}
	ctx = flowContext{e.ctx, ctx}
	done, watch := ctx.Done(), false
	entry, f, fresh, err := c.enter(ctx, hash, k, func(f *flight) error {
		watch = f.addStart(done)
		e.adopt(id, f)
		return nil
	})
	switch {
	case err != nil:
		return c.refusal(err), true
	case f == nil:
		return &entry.call, true
	case fresh:
		if c.launchInFlow(ctx, e, entry, f, args) {
			return &entry.call, true // the store had it: this is as deterministic as a hit
		}
		if c.owner.cacheCalls {
			e.madeCall(id, f.call, args)
		}
	}
	if watch {
		entry.call.watch(ctx, done, f)
	}
	return &entry.call, false
}

// launchInFlow is launch inside of a flow. A call that ends in it makes no pass due:
// the one under way has the outcome.
func (c *Calls[K, A, R]) launchInFlow(ctx context.Context, e *engine, entry *entry[K, R], f *flight, args A) (ended bool) {
	e.mu.Lock()
	e.launching[f] = false
	e.mu.Unlock()
	defer func() { e.launched(f, ended) }()
	return c.launch(ctx, entry, f, args, true)
}

// launched says that f was launched, and whether the flow knows that it has ended.
func (e *engine) launched(f *flight, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.launching[f] && !known {
		e.wake()
	}
	delete(e.launching, f)
}

// waitInFlow is Wait inside of a flow.
func (c *Call[R]) waitInFlow(p *pass) (R, error) {
	if p.engine.awaits(c.owner.Runner, func() *flight { return c.flight }) {
		var zero R
		return zero, p.suspend(c.owner.name)
	}
	return c.outcome()
}

// known returns the call that is to be returned instead of a new one, if any.
func (e *engine) known(id callKey, pass uint64) (call any, ended bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.running[id]; f != nil {
		e.askedAgain(id)
		return f.call, false
	}
	f := e.failures[id]
	if f == nil {
		return nil, false
	}
	f.seen = pass
	if f.until.IsZero() || time.Now().Before(f.until) {
		return f.call, true
	}
	return nil, false // its backoff is over
}

// adopt makes an unfinished call one of the flow's: its end makes a pass due,
// and the loop's end stops it. The runner's mutex is held, before e.mu.
func (e *engine) adopt(id callKey, f *flight) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[id] = f
	e.bodies[f] = struct{}{}
	f.onEnd = append(f.onEnd, func(s Status) { e.ended(id, f, s) })
	f.onReturn = append(f.onReturn, func() { e.returned(f) })
}

// awaits reports whether a call of anybody's is unfinished, and makes a pass due
// when it ends.
func (e *engine) awaits(r *Runner, flightOf func() *flight) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := flightOf()
	if f == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, mine := e.bodies[f]; mine || e.others[f] {
		return true // its end is noticed already
	}
	e.others[f] = true
	f.onEnd = append(f.onEnd, func(Status) {
		e.mu.Lock()
		delete(e.others, f)
		e.mu.Unlock()
		e.wake()
	})
	return true
}

// ended notes how a call of the flow ended, and makes a pass due, or leaves that to
// launched.
func (e *engine) ended(id callKey, f *flight, status Status) {
	// Before the lock, for it may ask the user.
	final := status == Stopped || status == Failed && id.runner.retry.If != nil && !id.runner.worthwhile(f.call.reason())
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, id)
	if status == Succeeded {
		delete(e.failures, id)
	} else {
		e.fail(id, f.call, final)
	}
	if _, launching := e.launching[f]; launching {
		e.launching[f] = true
		return
	}
	e.wake()
}

// returned notes that there is nothing left of a call. The runner's mutex is
// held.
func (e *engine) returned(f *flight) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.bodies, f)
	if e.ending != nil && len(e.bodies) == 0 {
		close(e.ending)
		e.ending = nil
	}
}

// fail remembers a call without a result, until its backoff is over, or for good
// if that is final. e.mu is held.
func (e *engine) fail(id callKey, call any, final bool) {
	f := e.failures[id]
	if f == nil {
		f = &failure{waits: id.runner.retry.waits()}
		e.failures[id] = f
	}
	f.call, f.seen, f.until = call, e.pass, time.Time{}
	if !final {
		f.until = time.Now().Add(f.waits.NextBackOff())
	}
}

// maxFailures bounds how many failures are remembered that the latest pass did
// not ask for.
const maxFailures = 1000

// tidy drops the failures that nobody asks for any more: those that a pass which
// got through did not see, for its flow has gone on to other arguments, and in
// any case those that have been due for a while, or are too many. It returns when the first of
// the others may execute again, zero if none waits for that.
func (e *engine) tidy(pass uint64, through bool) (due time.Time) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	crowded := len(e.failures) > maxFailures
	for id, f := range e.failures {
		stale := crowded || !f.until.IsZero() && now.Sub(f.until) > maxWait
		switch {
		case f.seen < pass && (through || stale):
			delete(e.failures, id)
		case now.Before(f.until):
			due = earlier(due, f.until)
		}
	}
	return due
}
