package runtime

import (
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Wait is what a call waits for: to begin while it is Pending, and in its body when it is Running.
// It is a plain value.
type Wait struct {
	For WaitFor

	// Work is the full name of the work of a WaitCall; "" for all others.
	Work string

	// Until is when a WaitRetry ends, for the call to execute if nothing else holds it up
	// then. Zero: nobody knows, and for all others.
	Until time.Time
}

// WaitFor is a thing that a call waits for.
type WaitFor uint8

// What a call may wait for. It is found out when asked for, and there may be more to wait for
// afterwards.
const (
	WaitNothing   WaitFor = iota // the body works, or the call has ended
	WaitArguments                // to be copied
	WaitStore                    // to answer
	WaitRetry                    // the time of the next attempt: see Until
	WaitPause                    // [Runner.Resume]
	WaitSlot                     // one of [Concurrency]
	WaitPool                     // a slot of the [Pool]
	WaitRate                     // the [RateLimiter]
	WaitExecution                // one elsewhere, in another process or runner: see CallStatus.Holder
	WaitWorker                   // one that serves the work: see [WithWorkers]
	WaitCall                     // one that the body has made with its context, maybe among others: see Work
)

var waitNames = [...]string{
	"nothing", "its arguments to be copied", "the store", "its next attempt", "the work is paused",
	"a slot", "a slot of the pool", "its rate limit", "an execution elsewhere", "a worker", "another call",
}

// String says it in a few lower-case words, such as "a slot of the pool".
func (w WaitFor) String() string { return nameOf("WaitFor", waitNames[:], uint8(w)) }

// waitsFor finds out what the call waits for. runner.mu is held.
func (c *call) waitsFor(w *Wait) {
	r, x := c.runner, c.execution
	*w = Wait{For: WaitStore}
	due, status := c.dueIn(), c.node.status()
	switch {
	case status == Running:
		w.For = WaitNothing
		if on, waits := waiting.Of(c); waits {
			w.For, w.Work = WaitCall, on.runner.name
		} else if x.turn.Waits() {
			w.For = WaitSlot
		} else if x.waitsForSlot() {
			w.For = WaitPool
		}
	case status != Pending:
		w.For = WaitNothing
	case c.durable() && c.elsewhere() != (store.Origin{}):
		w.For = WaitExecution
	case due > 0:
		w.For, w.Until = WaitRetry, time.Now().Add(due).Round(0)
	case c.looking != nil:
	case x == nil:
		w.For = WaitArguments
	case r.slots.Held():
		w.For = WaitPause
	case x.turn.Waits():
		w.For = WaitSlot
	case x.waitsForSlot():
		w.For = WaitPool
	case x.rated.Load():
		w.For = WaitRate
	case c.remote():
		w.For = WaitWorker
	}
}

// took returns how long an execution took, or has taken so far.
func (x *Execution) took() time.Duration {
	switch {
	case x.Began.IsZero():
		return 0
	case x.Ended.IsZero():
		return max(time.Since(x.Began), 0)
	}
	return max(x.Ended.Sub(x.Began), 0)
}
