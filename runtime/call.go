package runtime

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/sieve"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Call is one work with one list of arguments: the handle that Start returns,
// shared by all who start or join it, and what is kept when it has succeeded.
// All methods may be called concurrently.
//
// A handle stays valid when its call is evicted, expires or is forgotten.
type Call[R any] struct {
	result R // written before the state says that the call has ended
	handle
}

// Wait returns the result and error of the call once it has ended. Meanwhile the
// caller is one of those for whom the call is kept going. If ctx ends first,
// Wait returns ctx.Err(), and the call is stopped if nobody else waits.
//
// Inside of an execution, with its context, Wait may return a CycleError. Inside
// of a flow it does not wait: it returns ErrSuspended before the call's end.
func (c *Call[R]) Wait(ctx context.Context) (R, error) {
	if err := c.node.call.Load().wait(ctx); err != nil {
		var zero R
		return zero, err
	}
	return c.outcome()
}

// Result returns what Wait would if the call has ended, and ErrNotFinished
// before that. When a method panics that is to copy the result, that is a PanicError.
func (c *Call[R]) Result() (R, error) {
	if !c.node.status().ended() {
		// Look again after the touch: what ends before it wakes nobody.
		if c.node.call.Load().touch(); !c.node.status().ended() {
			var zero R
			return zero, ErrNotFinished
		}
	}
	return c.outcome()
}

// outcome returns the caller's own copy of what an ended call came to.
func (c *Call[R]) outcome() (R, error) {
	ended := c.node.call.Load()
	if old, ok := ended.fallback.(*Call[R]); ok {
		return old.outcome()
	}
	clone, _ := ended.runner.clone.(func(R) R)
	if clone == nil {
		return c.result, ended.err
	}
	result, err := copied(ended.runner, clone, &c.result)
	if err == nil {
		err = ended.err
	}
	return result, err
}

// copied returns the caller's own copy of a result. When a method panics that is to make
// it, only this caller gets a PanicError: the original is as it was.
func copied[R any](r *runner, clone func(R) R, original *R) (result R, err error) {
	defer func() {
		if v := recover(); v != nil {
			var zero R
			result, err = zero, recovered(r.name, v)
		}
	}()
	return clone(*original), nil
}

// handle is what a Call has besides the result. Its methods are all that a Call has of it:
// the compiler makes each of them anew for every type of results.
type handle struct{ node node }

// node is what the cache links: it is the same for all types.
type node struct {
	_ [0]func() // nobody compares nodes, nor does the compiler make functions for that

	hash  uint64
	state atomic.Uint32 // a Status, and once that is Succeeded or Failed the bits visited and stale
	due   int32         // place among those that expire, from 1; 0: none. runner.mu

	number uint64 // of the call in its runner

	// The call until it has ended; then the same if it has no result, and otherwise
	// runner.succeeded, so that kept results hold on to nothing else.
	call     atomic.Pointer[call]
	finished stamp // before the state says that the call has ended

	links sieve.Links[*node] // to those that are kept; runner.mu
}

// Done returns a channel that is closed when the call has ended.
func (h *handle) Done() <-chan struct{} {
	c := h.node.call.Load()
	c.touch()
	return c.done
}

// Stop ends the call for everyone who waits for it: they get an error that wraps
// ErrStopped, and the execution's context is cancelled. A call that has ended
// stays as it is.
func (h *handle) Stop() {
	c := h.node.call.Load()
	c.touch()
	c.stop(ErrStopped, nil)
}

// Status returns how far the call has come. Of a call that has succeeded the runner
// remembers no more than the option [History] says; of one that it does not remember,
// only Status and Finished are set.
func (h *handle) Status() CallStatus {
	c := h.node.call.Load()
	c.touch()
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	return h.node.snapshot()
}

// snapshot needs runner.mu.
func (n *node) snapshot() CallStatus {
	c := n.call.Load()
	if c.node != nil {
		return c.snapshot()
	}
	if rec := c.runner.statusOf(n.number); rec.Status == Succeeded {
		return rec
	}
	return CallStatus{Status: Succeeded, Number: n.number, Finished: n.finished.time()}
}

func (n *node) status() Status { return Status(n.state.Load() &^ (visited | stale)) }

// The bits of node.state beside the Status.
const (
	visited = 1 << 8 // the call was hit since SIEVE's hand last passed
	stale   = 1 << 9 // whoever asks for it next is to have it executed: see refresh.go
)

func (n *node) visit()        { n.state.Or(visited) }
func (n *node) isStale() bool { return n.state.Load()&stale != 0 }

// Links and Place are where a node notes its places in sieve.List and deadline.Queue.
func (n *node) Links() *sieve.Links[*node] { return &n.links }
func (n *node) Place() *int32              { return &n.due }

func (n *node) wasVisited() bool { return n.state.Load()&visited != 0 }

// Unvisit clears the bit and reports whether it was set.
func (n *node) Unvisit() bool {
	if !n.wasVisited() {
		return false
	}
	n.state.And(^uint32(visited))
	return true
}

// call is a call until it has ended: who waits for it, who executes it, and how it
// ends. It knows nothing of the types of arguments and result, which are in values, so
// that this code exists once.
//
//	            slot, lease          body returned, no error
//	Pending ───────────────▶ Running ───────────────▶ Succeeded   kept, unless forgotten meanwhile
//	  │  ▲                      │
//	  │  │ error, to be retried │
//	  │  └──────────────────────┤
//	  │ found in the store: Succeeded, Failed; arguments panicked: Failed
//	  │                         │ error, panic, timeout
//	  ├─────────────────────────┼──────────────────▶ Failed      kept if CacheErrors, or CacheErrorsFunc, says so
//	  │ Stop, Close, last       │
//	  └─ waiter left ──────────▶└──────────────────▶ Stopped     never kept
//
// While it is Pending it looks into the store, waits for a slot, for a lease that
// another process has, or for the time of its next attempt. The first to end it wins:
// whatever its body returns later is dropped.
//
// Guarded by runner.mu, but for what is set before anybody else knows of it. What was
// so at the end may be read without lock by whoever knows that it has ended.
type call struct {
	runner *runner
	values values // nil in runner.succeeded, and in calls that were refused
	node   *node  // nil in runner.succeeded
	done   chan struct{}

	unkeyed error           // why the inputs could not be encoded; nil when they were
	secrets []string        // values of secret inputs; nil when there are none
	key     key.Key         // in the store; zero without one, and where it could not be made
	before  key.Fingerprint // of what could be written to meanwhile

	origin context.Context // whose values the executions see; not its end

	requested, started stamp
	attempts           int           // executions that began, also of other processes if they count: see plan
	retried            []Execution   // all that have ended, if there was more than one
	err                error         // why it ended without a result, or is going to be retried
	shown              error         // the same for everybody but those who wait: secrets are not in its text
	progress           *progress     // nil before the body says something
	said               time.Duration // how long it had taken when the log last said so

	// Who waits.
	starts   map[<-chan struct{}]func() bool // contexts that were given to Start, by their Done channels, and what ends the watch on each
	watchers []watcher
	asked    *asked      // by the flow that has made it; nil: by none
	waiters  int32       // callers in Run and Wait
	touched  atomic.Bool // somebody has looked at its handle: flows that started it want to see its end

	// Who executes.
	listed    bool                    // it is in the table
	again     bool                    // it is executed although there may be a result: see again.go
	refreshes bool                    // it is again because that one is old: see refresh.go
	local     bool                    // no worker serves it, so it executes here
	forgotten bool                    // the result is for those who wait, and is not kept
	stored    bool                    // the result, or error, came from the store
	deleted   bool                    // the store has deleted it: what it had, or is put there, is not kept here
	seenLost  bool                    // what was seen was lost, so it may still end
	recount   bool                    // its attempts are those that the store has: it was deleted
	denied    uint8                   // times that the store said there was a result or a lease, and then had none
	storeless atomic.Bool             // the store failed: the result is not put there
	fallback  any                     // *Call[R] that is good enough although this one has failed; nil: there is none
	untold    error                   // why the store does not know how the call has ended; nil: it does
	looking   context.CancelCauseFunc // ends the look into the store, or the wait that the store knows nothing of; nil without
	execution *execution              // the latest one; nil before the first, and between two
	described *described              // for the record of the store
	bytes     int64                   // what keeping it takes; 0 where nobody asks
	args      any                     // pointer to a copy of its arguments; nil without KeepArguments
	holder    *store.HeldError        // who executes it elsewhere, when the store was looked into last; nil: nobody
	seen      uint64                  // the newest record of the call that the store has shown
	looked    stamp                   // when the store was last asked what it has, and answered
	lease     *durable.Lease          // nil before the first, between two, and when it was lost
	due       time.Duration           // when the next attempt may begin, since the runner was made; 0: at once
}

// described is what the record of the store says of the inputs of a call.
type described struct {
	inputs    []store.Arg
	arguments []byte
	held      *store.HeldError // of a call that is Again, why it could not begin: a look may not say that
}

// values has the arguments of a call, and its result as soon as there is one. Only the
// execution that runs, or who looks for the result before there is any, may call its
// methods.
type values interface {
	arguments() any // pointer to them
	result() any    // pointer to it
	handle() any    // *Call[R]
	identity() any  // the key in memory

	// encode writes the inputs: all, or those that could be written to while the body runs.
	encode(e *key.Encoder, all bool)

	copyArguments() // so that nobody else has them
	copyResult()    // likewise

	// copyOfArguments returns a pointer to a copy of them.
	copyOfArguments() any

	execute(ctx context.Context) error

	// supersede is for a call that is Again: see there. runner.mu is held.
	supersede() (old *node, ok bool)

	// kept returns what is kept of an equal call, a *Call[R] and its node; nil: nothing. runner.mu is
	// held.
	kept() (handle any, n *node)

	// bytes is how much memory keeping the result takes, and lifetime for how long that wants to be
	// kept. Both may call methods of the user's.
	bytes() int64
	lifetime() time.Duration

	// commit makes the result that of the handle. runner.mu is held.
	commit()
}

// watcher is told of a call's end: a loop. Its methods may take locks of its own, but
// not a runner's.
type watcher interface {
	ended(c *call)     // without locks
	returned(c *call)  // no body runs any more, or will; runner.mu is held
	pends(c *call)     // it waits for its next attempt; runner.mu is held
	pins(c *call) bool // whether to keep its result whatever MaxEntries says, until runner.unpin; runner.mu is held
}

// touch notes that somebody looks at the handle of a call, which may be ending.
func (c *call) touch() {
	if c.node != nil && !c.touched.Load() {
		c.touched.Store(true)
	}
}

// hasSucceeded reports whether a call that has ended has a result, with or without lock.
func (c *call) hasSucceeded() bool { return c.node == nil || c.node.status() == Succeeded }

// failure returns why a call that has ended has nothing to give; nil if it has.
func (c *call) failure() error {
	if c.fallback != nil {
		return nil
	}
	return c.err
}

// ended reports whether the call has ended, with or without lock.
func (c *call) ended() bool { return c.node == nil || c.node.status().ended() }

// snapshot needs runner.mu.
func (c *call) snapshot() CallStatus {
	var sum summary
	c.summarize(&sum)
	s := sum.callStatus()
	if s.Status == Pending {
		s.Holder = c.elsewhere()
	}
	if !s.Status.ended() {
		c.waitsFor(&s.Waits)
	}
	return s
}

// hit reports whether a node is that of a kept result, and counts a hit then. It needs no
// lock. Calls.Hit has it written out.
func (r *runner) hit(n *node) bool {
	state := n.state.Load()
	if state&^visited != uint32(Succeeded) {
		return false
	}
	if state&visited == 0 {
		n.visit()
	}
	r.hits.Add()
	return true
}

// join adds a caller to those who are interested in the call of a node that is in the
// table, by add. It returns nil for one that has ended: a hit. ended is why the caller's
// context has ended, if it has. mu is held.
func (r *runner) join(n *node, ended error, add func(*call) error) (*call, error) {
	if n.status().ended() {
		n.visit()
		r.stats.Hits++
		return nil, nil
	}
	c, err := n.call.Load(), ended
	if err == nil {
		err = add(c)
	}
	if err != nil {
		r.stats.Refused++
		return nil, err
	}
	r.stats.Joined++
	return c, nil
}

// mayMake returns why a call may not be made, if so, and counts that. mu is held.
func (r *runner) mayMake(ended error) error {
	err := r.mayNotMake(ended)
	if err != nil {
		r.stats.Refused++
	}
	return err
}

func (r *runner) mayNotMake(ended error) error {
	switch {
	case ended != nil:
		return ended
	case r.closed:
		return named(r.name, ErrClosed)
	case r.maxPending > 0 && len(r.unfinished) >= r.maxPending:
		return named(r.name, ErrBusy)
	}
	return nil
}

// refuse makes a handle one of a call that was never let in.
func (r *runner) refuse(n *node, err error) {
	now := stampOf(time.Now())
	n.finished = now
	n.call.Store(&call{runner: r, node: n, done: closedChan, requested: now, err: err, shown: err})
	n.state.Store(uint32(Stopped))
}

// admit counts a new call. mu is held.
func (r *runner) admit(c *call) {
	r.stats.Misses++
	r.stats.Pending++
	if c.unkeyed != nil {
		r.stats.Unkeyed++
	}
	r.unfinished[c] = struct{}{}
	r.guardCalls()
	c.done = make(chan struct{})
	n := c.node
	number, m := r.history.Add()
	n.number, m.hash, m.call, m.again = number, n.hash, c, c.again
	n.call.Store(c)
	n.state.Store(uint32(Pending))
	c.requested = stampOf(time.Now())
	r.notifier.Notify()
}

// addWaiter counts a caller who is going to wait. parent is the execution that the
// caller is in, if any: it must not wait for itself. runner.mu is held.
func (c *call) addWaiter(parent *execution) error {
	if parent != nil {
		if err := parent.waitFor(c); err != nil {
			return err
		}
	}
	c.waiters++
	return nil
}

// wait returns nil once the call has ended; before that the error of a ctx that ends,
// a CycleError, or in a flow ErrSuspended.
func (c *call) wait(ctx context.Context) error {
	if p := passOf(ctx); p != nil {
		return c.waitInFlow(p)
	}
	if c.ended() {
		return nil
	}
	parent, err := executionOf(ctx), ctx.Err()
	c.runner.mu.Lock()
	switch {
	case c.ended():
		c.runner.mu.Unlock()
		return nil
	case err == nil:
		err = c.addWaiter(parent)
	}
	c.runner.mu.Unlock()
	if err != nil {
		return err
	}
	return c.await(ctx, parent)
}

// await returns nil once the call has ended, of which the caller has been counted as a
// waiter, or the error of the caller's context, whichever comes first.
func (c *call) await(ctx context.Context, parent *execution) error {
	if parent != nil {
		parent.pause()
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	left := !c.ended() && c.leave(func() { c.waiters-- })
	if parent != nil {
		parent.goOn(c)
	}
	if left {
		return ctx.Err()
	}
	return nil
}

// addStart makes a context one for which the call is kept going, and reports whether it
// is new and can end, that is, has to be watched. A flow that starts the same call on
// every pass with the same context is one. runner.mu is held.
func (c *call) addStart(done <-chan struct{}) (watch bool) {
	if _, known := c.starts[done]; known {
		return false
	}
	if c.starts == nil {
		c.starts = map[<-chan struct{}]func() bool{}
	}
	c.starts[done] = nil
	return done != nil
}

// watch has a context that was given to Start leave when it ends.
func (c *call) watch(ctx context.Context, done <-chan struct{}) {
	stop := context.AfterFunc(ctx, func() { c.leaveStart(done) })
	c.runner.mu.Lock()
	ended := c.ended()
	_, waiting := c.starts[done]
	if !ended && waiting {
		c.starts[done] = stop
	}
	c.runner.mu.Unlock()
	if ended || !waiting {
		stop()
	}
}

func (c *call) leaveStart(done <-chan struct{}) {
	c.leave(func() { delete(c.starts, done) })
}

// leave takes somebody out of those who are interested, and stops the call if that was
// the last one. It reports false if the call has ended.
func (c *call) leave(remove func()) bool {
	return c.stop(errAbandoned, func() bool {
		remove()
		return c.waiters == 0 && len(c.starts) == 0
	})
}

// stop ends a call without a result, unless it has ended, which it reports by false. If when
// is not nil, it decides under the lock.
func (c *call) stop(reason error, when func() bool) bool {
	r := c.runner
	r.mu.Lock()
	switch {
	case c.ended():
		r.mu.Unlock()
		return false
	case when != nil && !when():
		r.mu.Unlock()
		return true
	}
	err := named(r.name, reason)
	if c.execution != nil {
		c.execution.outlasts(err)
	}
	if c.again {
		r.refreshFailed(c, 0)
	}
	c.end(Stopped, err, err, false)
	r.mu.Unlock()
	c.release(err)
	return true
}

// conclude ends a call with what execution x of it, nil before there is one, has come
// to, if it has not ended and x is the latest.
func (c *call) conclude(x *execution, o outcome) {
	r := c.runner
	r.mu.Lock()
	mine := !c.ended() && c.execution == x
	if mine {
		c.endWith(&o)
	}
	r.mu.Unlock()
	if mine {
		c.release(o.err)
	}
}

// outcome is what an execution, or a look into the store, came to. The result is in the
// call's values.
type outcome struct {
	err      error
	shown    error // as in call; nil: it is err
	none     bool  // there is no result beside the error
	keep     bool
	timedOut bool
	stored   bool          // the result, or error, is that of the store
	stores   bool          // the store is to have the error for its lifetime
	expires  time.Time     // of what the store has; zero: never, or it has nothing
	finished stamp         // when a result that the store had was made; 0: now
	bytes    int64         // what keeping the result takes; 0 where nobody asks
	lifetime time.Duration // of the result or error; 0: for ever, but see expires
	retry    time.Duration // how long to wait, at least, before a refresh is tried again
	panicked *PanicError   // set also when err is something else
}

// recorded is err as it is recorded.
func (o *outcome) recorded() error {
	if o.shown != nil {
		return o.shown
	}
	return o.err
}

// endWith needs runner.mu.
func (c *call) endWith(o *outcome) {
	r, status := c.runner, Succeeded
	if o.err != nil {
		status = Failed
	}
	if o.timedOut {
		r.stats.Timeouts++
	}
	if c.stored = o.stored; o.stored {
		r.stats.Stored++
	}
	if !o.none {
		c.values.commit()
	}
	c.bytes = o.bytes
	if c.again && status == Failed {
		if c.fallback = r.refreshFailed(c, o.retry); c.fallback != nil && c.waiters > 0 {
			r.stats.Stale++
		}
	}
	if c.end(status, o.err, o.recorded(), o.keep && !c.deleted) {
		r.age(c, o)
	}
}

// end is how every call ends: runner.mu is held, and the call has not ended. It reports
// whether the call is kept. release has to follow once the lock is free.
func (c *call) end(status Status, err, shown error, keep bool) (kept bool) {
	r, n := c.runner, c.node
	now := time.Now()
	switch {
	case n.status() == Pending:
		r.stats.Pending--
		if c.execution != nil {
			c.execution.leaveSlots()
		}
		c.over()
	case c.retried != nil:
		c.executed(c.execution, now, shown)
	}
	switch status {
	case Succeeded:
		r.stats.Successes++
	case Failed:
		r.stats.Errors++
	case Stopped:
		r.stats.Stops++
	}
	c.lease.Stop()
	c.err, c.shown = err, shown
	n.finished = stampOf(now)
	n.state.Store(uint32(status)) // from here on a reader may hit it
	r.ended(c)
	switch {
	case c.again && !c.listed:
		r.endRenewal(c)
		kept = status == Succeeded && c.renewed(keep)
	case !c.listed:
	case keep:
		kept = r.keep(c, c.pins())
	}
	if c.listed && !kept {
		r.table.unlink(n)
	}
	c.listed = false
	delete(r.unfinished, c)
	r.notifier.Notify()
	close(c.done)
	if kept { // what is kept holds on to nothing that only the end needed
		if err == nil {
			n.call.Store(r.succeeded)
		} else {
			n.call.Store(c.remains())
		}
	}
	return kept
}

// pins returns how many loops want the result to be kept whatever MaxEntries says. runner.mu is held.
func (c *call) pins() (pins int) {
	for _, w := range c.watchers {
		if w.pins(c) {
			pins++
		}
	}
	return pins
}

// isOfLoop reports whether a loop is told of the end, which then logs failures.
func (c *call) isOfLoop() bool {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	return slices.ContainsFunc(c.watchers, func(w watcher) bool { _, ok := w.(*engine); return ok })
}

// remains is what has to be known of a call that has ended. runner.mu is held.
func (c *call) remains() *call {
	var sum summary
	c.summarize(&sum)
	return &call{
		runner: c.runner, node: c.node, done: c.done, err: c.err, shown: c.shown, retried: []Execution{sum.latest()},
		requested: c.requested, started: c.started, attempts: c.attempts, stored: c.stored, progress: sum.progress,
	}
}

// release lets go of what the call held, after its end and with runner.mu free:
// cancelling runs code of whoever made the contexts.
func (c *call) release(cause error) {
	for _, stop := range c.starts {
		if stop != nil {
			stop()
		}
	}
	if c.looking != nil {
		c.looking(cause)
	}
	if c.execution != nil {
		c.execution.cancel(cause)
	}
	for _, w := range c.watchers {
		w.ended(c)
	}
	if c.again && cause == nil {
		wakeLoops(true) // their flows may want the new result
	}
	trim()
}

// over says that no body of the call runs, or will. runner.mu is held.
func (c *call) over() {
	for _, w := range c.watchers {
		w.returned(c)
	}
	c.lease.Drop()
}

// launch prepares a new call in the goroutine of the caller who made it, and waits for it or
// not, and has it executed. The arguments are copied before launch returns, so the caller
// may then change its own. A result that the store has is read at once if the caller waits
// for it, and elsewhere otherwise; launch reports whether the call has ended with it. origin
// is the context of the caller.
//
// Others may have joined the call by now. When copying panics, all get that as the
// call's error.
func (c *call) launch(origin context.Context, waits bool) (ended bool) {
	c.origin = origin
	executes := false
	c.guarded(nil, func() {
		switch changed := c.prepare(); {
		case changed:
			c.conclude(nil, outcome{err: &InputChangedError{Work: c.runner.name}, none: true})
		case c.runner.store == nil:
			executes = true
		default:
			ended = c.seek(waits)
		}
	})
	if executes { // where less of the caller's stack is in use
		c.execute()
	}
	return ended
}

// prepare copies the arguments of a new call, and gives it its key in the store. It reports
// whether inputs that lie outside of the program are no longer those that it was identified
// by.
func (c *call) prepare() (changed bool) {
	r := c.runner
	if r.secret {
		c.secrets = r.inputs.Secrets(c.values.arguments())
	}
	c.values.copyArguments()
	if r.keepArguments {
		args := c.values.copyOfArguments() // the body may write to its own
		r.mu.Lock()
		c.args = args
		r.mu.Unlock()
	}
	if r.notifier.Watched() {
		c.remember(c.inputsFor(r.inputs.ForPeople))
		c.rememberArguments()
	}
	if c.unkeyed != nil {
		r.warnUnkeyed(c.unkeyed)
		return false
	}
	if r.store != nil {
		c.setKey() // before the inputs are compared with those that the call was identified by
	}
	if r.verifies {
		c.before = c.verified()
	}
	return r.outside && any(c.before) != c.values.identity()
}

// encode writes all inputs.
func (c *call) encode(e *key.Encoder) { c.values.encode(e, true) }
