package runtime

import (
	"context"
	"errors"
	"slices"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/backoff"
)

// This file is how calls behave inside of a flow: they suspend it instead of blocking, and
// failed calls are remembered until they may execute again.

// flowContext is what an execution that a flow starts is given as its caller's
// context: the values of the flow's context without the pass, and the end of
// the loop's calls, since the call is to outlive the pass.
type flowContext struct {
	context.Context                 // engine.calls
	values          context.Context // of the flow
}

func (c flowContext) Value(key any) any {
	if key == (passKey{}) {
		return nil
	}
	return c.values.Value(key)
}

// AfterFunc saves contexts that are made of this one a goroutine each; see
// context.AfterFunc.
func (c flowContext) AfterFunc(f func()) func() bool { return context.AfterFunc(c.Context, f) }

// suspend has the flow that ctx is of wait for u: in place, after which it returns nil, or by
// suspending the flow. A call that is new suspends the pass even if it ends in the same
// moment, unless the flow waits in place: what a pass does must not depend on a race.
func (r *runner) suspend(ctx context.Context, u *call) error {
	p := passOf(ctx)
	if !r.cacheCalls {
		p.engine.warnUnreachable(r)
	}
	switch over, patient := p.waitFor([]*call{u}, true); {
	case over && patient:
		return nil
	case over:
		p.engine.wake(callEnded)
	}
	return p.suspend(r.name)
}

// waitInFlow returns nil for a call that has ended, and has the flow wait otherwise.
func (c *call) waitInFlow(p *pass) error {
	if c.ended() {
		if notMade(c.err) {
			return p.rested(c.err)
		}
		return nil
	}
	if err := p.refuses(c.runner.name); err != nil {
		return err
	}
	if over, _ := p.waitFor([]*call{c}, true); over {
		return nil
	}
	return p.suspend(c.runner.name)
}

// waitFor has the pass wait for calls, in place if it is patient. It reports whether they
// have ended, or with failFast one of them has failed. Otherwise the flow is to be suspended,
// and runs again when that is so.
func (p *pass) waitFor(calls []*call, failFast bool) (over, patient bool) {
	cached := !slices.ContainsFunc(calls, func(c *call) bool { return !c.runner.cacheCalls })
	patient = cached && p.isPatient()
	w := &wait{pass: p, failFast: failFast}
	if patient {
		w.done = make(chan struct{})
	}
	over = p.engine.watch(w, calls) || patient && p.stays(w, worksOf(calls))
	if over && patient && slices.ContainsFunc(calls, (*call).isOutdated) {
		p.engine.wake("a file has changed")
		return false, patient // the next pass makes another call
	}
	return over, patient
}

// isOutdated reports whether a call has failed because a file has changed meanwhile.
func (c *call) isOutdated() bool {
	var changed *InputChangedError
	return c.runner.outside && c.ended() && errors.As(c.err, &changed)
}

// worksOf returns the names of the works of calls, each once.
func worksOf(calls []*call) (works []string) {
	for _, c := range calls {
		if !slices.Contains(works, c.runner.name) {
			works = append(works, c.runner.name)
		}
	}
	return works
}

// watch has the engine told of the ends of calls that a pass waits for, and reports whether
// there is nothing to wait for.
func (e *engine) watch(w *wait, calls []*call) (over bool) {
	w.left = len(calls)
	ended, failed := 0, false
	for _, c := range calls {
		if !e.watchOne(w, c) {
			ended++
			failed = failed || !c.hasSucceeded()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	w.left -= ended
	w.failed = w.failed || failed
	if over = w.isOver(); !over && w.pass == e.pass {
		w.armed = true
		e.waits++
	}
	return over
}

// watchOne reports whether a call of anybody's is unfinished, and tells w of its end then.
func (e *engine) watchOne(w *wait, c *call) bool {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.asked != nil {
		c.asked.awaited.Store(true)
	}
	if m := e.members[c]; c.ended() && (m == nil || m.told) {
		return false
	}
	m := e.listen(c)
	e.ask(m, w.pass.number)
	if m.asked == w.pass.number {
		m.waits = append(m.waits, w)
	}
	return true
}

// startInFlow is Start inside of a flow. It returns
//
//   - the call that is still unfinished since an earlier pass;
//   - the failed or stopped one, until it may execute again;
//   - the kept one;
//   - otherwise a new one, or an error that refuses it;
//
// and the unfinished call, nil if the flow may take it for ended. With caching off there are
// no kept ones, so each pass after the end of a call makes another. k is the key in memory,
// and args points to the arguments.
//
// The flow waits for the answer of the store, so that it is not suspended by what the store has,
// unless it does not wait for the call, and the store is that of several machines: many calls
// are looked up at once then.
func (r *runner) startInFlow(ctx context.Context, k, args any, waits bool, calls flowCalls) (handle any, u *call, err error) {
	p := passOf(ctx)
	if err := p.refuses(r.name); err != nil {
		return nil, nil, err
	}
	if err := unkeyed(k); err != nil {
		if p.waitsForFile(err) {
			return nil, nil, p.suspend(r.name)
		}
		if r.secret {
			r.inputs.Secrets(args) // which err may quote
		}
		return nil, nil, r.refuseUnkeyed(err)
	}
	e := p.engine
	id := callKey{r, k}
	if handle, u := e.known(id, p.number); handle != nil {
		return handle, u, nil
	}
	if p.rests() {
		return calls.rest()
	}
	if err := e.ctx.Err(); err != nil {
		return nil, nil, err
	}
	ctx = flowContext{e.calls, ctx}
	done, watch := ctx.Done(), false
	var known any
	var unfinished *call
	asks := new(asked)
	handle, u, made, err := calls.findOrMake(ctx, func(u *call) error {
		if u.node.status() == NotStarted { // others may have made it, since known was asked
			if known, unfinished = e.underWay(id, p.number); known == nil {
				known = failed.begins(id, u, e, p.number)
			}
			if known != nil {
				return errKnown
			}
		}
		if err := e.adopt(id, u, p.number); err != nil {
			failed.abandon(id, u)
			return err
		}
		if watch = u.addStart(done); u.asked == nil {
			u.asked = asks
		}
		asks.node = weak.Make(u.node)
		return nil
	})
	switch {
	case known != nil:
		return known, unfinished, nil
	case errors.Is(err, ErrBusy):
		p.wakeAt(time.Now().Add(firstWait))
		return nil, nil, errNoRoom
	case err != nil:
		return nil, nil, err
	case u == nil:
		return handle, nil, nil
	case made:
		if u.launch(ctx, waits || !r.sharesStore()) {
			return handle, nil, nil // the store had it: this is as deterministic as a hit
		}
		if r.cacheCalls {
			e.madeCall(r, asks, p.number, args)
		}
	}
	if watch {
		u.watch(ctx, done)
	}
	return handle, u, nil
}

// errKnown says that a call is not made because there is one already, or it has failed before.
var errKnown = errors.New("not to execute now")

// flowCalls is what a flow wants of the Calls of a work, for one list of arguments.
type flowCalls struct {
	findOrMake func(context.Context, func(*call) error) (handle any, u *call, made bool, err error)

	// lookup returns a handle for what is kept or stored, nil if there is nothing.
	lookup func() any
}

// rest returns what is kept, and otherwise an error for who waits for the call.
func (c flowCalls) rest() (handle any, u *call, err error) {
	if handle := c.lookup(); handle != nil {
		return handle, nil, nil
	}
	return nil, nil, errRests
}

// errRests is why a call is not made before the flow's next tick. Who waits for the call suspends
// the flow, and who has only started it does not.
var errRests = named(nextTick, ErrSuspended)

// errNoRoom is why a call is not made yet of a work that has as many as MaxPending says. A flow
// waits for room: to fail would end its loop, or its tick, because of others.
var errNoRoom = named(room, ErrSuspended)

// What stands for the work that suspends a flow whose call is not made.
const (
	nextTick = "(the next tick)"
	room     = "(room for a call: see MaxPending)"
)

// notMade reports whether the error of a call says that it was not made yet.
func notMade(err error) bool { return err == errRests || err == errNoRoom }

// rested suspends the flow if the error of a call says that it was not made. Outside of flows p
// is nil.
func (p *pass) rested(err error) error {
	switch {
	case p == nil:
		return err
	case err == errRests:
		return p.suspend(nextTick)
	case err == errNoRoom:
		return p.suspend(room)
	}
	return err
}

// waitsBetween returns how long to wait after a number of failures of a call in a row, which
// has ended; nil if it was stopped, or another call would not mend it. No lock may be held:
// it may ask the user.
func (c *call) waitsBetween() func(failures int) time.Duration {
	if c.node.status() == Succeeded {
		return nil
	}
	retry, after := c.runner.retry, backoff.Least(c.err)
	_, givenUp := c.err.(*GivenUpError) // somebody may change that, and it costs one look into the store
	final := !givenUp && (retry.If != nil || backoff.IsPermanent(c.err)) && !c.runner.worthwhile(c.err)
	if c.node.status() == Stopped || final {
		return nil
	}
	return func(failures int) time.Duration { return retry.wait(failures, after) }
}
