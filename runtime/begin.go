package runtime

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how an execution begins in the store before the body runs: once no other one
// has the lease of the call, and its next attempt is due.

// maxDenied is how often a store may contradict itself about one call, and denials is how
// long it is waited for then.
const maxDenied = 8

var denials = backoff.Policy{First: 20 * time.Millisecond, Most: time.Second}

// awaitTurn waits until the call may be executed, and goes on with that: until no other
// execution has its lease, and its next attempt is due; and if it is for workers until one of
// them has executed it. It takes the result that another execution has meanwhile, or its
// failure. x has no slot.
func (c *call) awaitTurn(x *execution) {
	s := c.runner.store
	changed, stop := s.Store.Watch(s.Ref(c.key))
	defer stop()
	workers := c.forWorkers()
	if workers != nil {
		defer workers.over()
	}
	for {
		found, err := c.lookup(x.ctx)
		switch {
		case x.ctx.Err() != nil:
			found.Close()
			return
		case err != nil:
			if !c.withoutStore(x, err) && durable.Wait(x.ctx, nil, c.untilDue()) {
				c.execute()
			}
			return
		case c.settle(x.ctx, x, &found, false):
			return
		}
		wait := c.waits(&found)
		if workers != nil && (wait <= 0 || !workers.pushed()) {
			wait = max(wait, workers.push(x))
		}
		if c.ended() {
			return
		}
		if wait <= 0 {
			break
		}
		if c.denied = 0; !durable.Wait(x.ctx, changed, wait) {
			return
		}
	}
	if c.denied > maxDenied {
		c.withoutStore(x, errors.New("the store says that there is a result, or a lease, but has none"))
	} else if c.denied > 1 && !backoff.Sleep(x.ctx, denials.Wait(int(c.denied)-1)) {
		return
	}
	c.execute()
}

// waits returns for how long to wait before the store is looked into again, 0 when the call
// may be executed.
func (c *call) waits(found *store.Found) time.Duration {
	const unknown = time.Second
	if d := c.described; c.again && d != nil {
		found.Holder, d.held = cmp.Or(found.Holder, d.held), nil
	}
	c.heldBy(found.Holder)
	if found.Holder != nil {
		return durable.Until(found.Holder)
	}
	wait := c.untilDue()
	if found.Latest == nil { // the call was deleted, which is not known here yet, or the look is stale
		wait = min(wait, unknown)
	}
	return wait
}

// heldBy notes who executes the call elsewhere; nil is nobody.
func (c *call) heldBy(lease *store.HeldError) {
	r := c.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	before := c.elsewhere()
	if c.holder = lease; c.elsewhere() != before {
		r.notifier.Notify()
	}
}

// elsewhere returns who executes the call in another process or runner, as far as is known; zero:
// nobody. runner.mu is held.
func (c *call) elsewhere() store.Origin {
	if c.holder == nil {
		return store.Origin{}
	}
	return c.holder.Origin
}

// enter begins an execution that has its slots. It reports whether it is to run; if not, its
// slots are free again.
func (c *call) enter(x *execution) bool {
	if c.runner.limiter != nil && !x.awaitRate() {
		return false
	}
	if c.durable() {
		return c.acquire(x)
	}
	return c.beginAlone(x)
}

// acquire is enter with a store: the execution begins there, too.
func (c *call) acquire(x *execution) bool {
	r := c.runner
	r.mu.Lock()
	forgotten, attempt := c.forgotten, c.attempts+1
	r.mu.Unlock()
	if r.override == readCache {
		c.storeless.Store(true)
	}
	if forgotten || r.override == readCache {
		return c.beginAlone(x)
	}
	if c.described == nil { // before the first body runs, which may write to them
		c.described = &described{inputs: c.inputsFor(r.inputs.ForStore), arguments: c.encodedArguments()}
	}
	rec := c.record(x)
	rec.Status, rec.Nonce, rec.Attempt, rec.Started = store.Running, rand.Uint64(), attempt, time.Now()
	switch l, err := r.store.Begin(x.ctx, rec); {
	case err == nil:
		c.hold(l)
		if c.isDue(x, attempt) && c.begin(x) {
			return true
		}
		x.freeSlots()
		c.giveBack()
	case errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished):
		x.freeSlots()
		if !c.again || !errors.As(err, &c.described.held) {
			c.denied++
		}
	case errors.Is(err, store.ErrReadOnly):
		c.storeless.Store(true)
		return c.beginAlone(x)
	case x.ctx.Err() != nil || c.withoutStore(x, err):
		x.freeSlots()
		return false
	default:
		return c.beginAlone(x)
	}
	c.awaitTurn(x)
	return false
}

// isDue looks into the store again, where another execution may have ended since that was
// done: while this one waited for a slot, or the store did not answer to Begin. That may have
// been another attempt at the call, which has the lease: then isDue reports false.
func (c *call) isDue(x *execution, attempt int) bool {
	r := c.runner
	counted := attempt > 1 || r.retry.Attempts > 1 // by all who make them
	if r.override == refreshCache || !counted && time.Since(c.looked.time()) < lookLasts {
		return true
	}
	found, err := c.lookup(x.ctx)
	found.Holder = nil // that is x
	if err != nil || c.settle(x.ctx, x, &found, false) {
		return true
	}
	return c.untilDue() <= 0 && c.attempts+1 == attempt
}

// lookLasts is for how long a look into the store says that nobody has executed the call.
const lookLasts = 5 * time.Millisecond

// giveBack gives the lease back of an execution that does not begin.
func (c *call) giveBack() {
	c.runner.mu.Lock()
	l := c.lease
	c.lease = nil
	c.runner.mu.Unlock()
	l.GiveBack()
}

// beginAlone is begin without a lease. If the work is paused, the call queues again.
func (c *call) beginAlone(x *execution) bool {
	if c.begin(x) {
		return true
	}
	c.execute()
	return false
}

// begin begins an execution, unless the call has ended, has lost its lease, or the work is
// paused; then its slots are free again.
func (c *call) begin(x *execution) bool {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if c.ended() || c.runner.slots.Held() || c.lease == nil && c.durable() && !c.forgotten {
		x.leaveSlots()
		return false
	}
	x.begin()
	return true
}

// hold notes that the call has the lease, until the body has returned, and has it
// renewed until the call ends: a body that is deaf to the end of its context keeps others
// away for the rest of its time only. A call that was forgotten needs no lease, for nothing
// of it is stored.
func (c *call) hold(l *durable.Lease) {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	c.lease, c.denied = l, 0
	if c.ended() || c.forgotten {
		l.Drop()
	} else {
		l.Keep(c.note, func() { c.lost(l) })
	}
}

// lost does what has to be done when another execution has the lease, or may have it under
// StrictLease: the body's context ends, and once the body has returned, the call waits for
// the other's result.
func (c *call) lost(l *durable.Lease) {
	r := c.runner
	cause := named(r.name, ErrLeaseLost)
	r.mu.Lock()
	x := c.execution
	running := false
	switch {
	case c.ended() || c.lease != l:
	case c.node.status() == Pending: // the body has not begun, and does not
		l.Stop()
		c.lease = nil
	case x != nil && !x.turn.Over():
		running = true
		x.lost.Store(true)
		x.outlasts(cause)
	}
	r.mu.Unlock()
	if running {
		x.cancel(cause)
	}
}
