package runtime

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how calls behave inside of a flow: nothing blocks, and failed
// calls are remembered until they may execute again.

// pass is one run of a flow. It gathers what the flow waits for; the engine
// reads it when the flow has returned.
type pass struct {
	engine *engine
	number uint64

	mu        sync.Mutex
	suspended []string  // works whose calls were not finished
	due       time.Time // the earliest time that the flow asked for; zero: none
}

// suspend notes that the flow cannot go on without a call of work, and returns
// the error for it.
func (p *pass) suspend(work string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspended = append(p.suspended, work)
	return named(work, ErrSuspended)
}

// isSuspended reports whether something has suspended the pass. A nil pass is
// not.
func (p *pass) isSuspended() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.suspended) > 0
}

// wakeAt asks for a pass at a time.
func (p *pass) wakeAt(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = earlier(p.due, t)
}

// earlier returns the earlier of two times, of which zero stands for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// flowContext is what an execution that a flow starts is given as its caller's
// context: the values of the flow's context without the pass, and the end of
// the loop, since the call is to outlive the pass.
type flowContext struct {
	context.Context                 // of the loop
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

// suspend suspends the flow that ctx is of, which waits for a call. A call that is new
// suspends the pass even if it ends in the same moment: what a pass does must not depend
// on a race.
func (r *runner) suspend(ctx context.Context) error {
	p := passOf(ctx)
	if !r.cacheCalls {
		p.engine.warnUnreachable(r)
	}
	return p.suspend(r.name)
}

// startInFlow is Start inside of a flow. It returns
//
//   - the call that is still unfinished since an earlier pass;
//   - the failed or stopped one, until it may execute again;
//   - the kept one;
//   - otherwise a new one, or an error that refuses it;
//
// and whether the flow may take it for ended. With caching off there are no kept
// ones, so each pass after the end of a call makes another. k is the key in memory, args
// points to the arguments, and findOrMake is that of Calls.
func (r *runner) startInFlow(ctx context.Context, k, args any, findOrMake func(context.Context, func(*call) error) (handle any, u *call, made bool, err error)) (
	handle any, ended bool, err error,
) {
	p := passOf(ctx)
	if err := unkeyed(k); err != nil {
		if r.secret {
			r.secrets(args) // which err may quote
		}
		return nil, false, r.refuseUnkeyed(err)
	}
	e := p.engine
	id := callKey{r, k}
	if known, ended := e.known(id, p.number); known != nil {
		return known, ended, nil
	}
	ctx = flowContext{e.ctx, ctx}
	done, watch := ctx.Done(), false
	handle, u, made, err := findOrMake(ctx, func(u *call) error {
		watch = u.addStart(done)
		e.adopt(id, u)
		return nil
	})
	switch {
	case err != nil:
		return nil, false, err
	case u == nil:
		return handle, true, nil
	case made:
		ended := u.launch(ctx, true)
		e.launched(u, ended)
		if ended {
			return handle, true, nil // the store had it: this is as deterministic as a hit
		}
		if r.cacheCalls {
			e.madeCall(id, u, args)
		}
	default:
		e.launched(u, false)
	}
	if watch {
		u.watch(ctx, done)
	}
	return handle, false, nil
}

// asked notes that another goroutine of the flow was suspended by c while it is being
// launched. e.mu is held.
func (e *engine) asked(c *call) {
	if l, ok := e.launching[c]; ok {
		l.asked = true
		e.launching[c] = l
	}
}

// launched says that c was launched, and whether the flow knows that it has ended.
func (e *engine) launched(c *call, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.launching[c]; l.ended && (l.asked || !known) {
		e.wake()
	}
	delete(e.launching, c)
}

// known returns the call that is to be returned instead of a new one, if any.
func (e *engine) known(id callKey, pass uint64) (call any, ended bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.running[id]; c != nil {
		e.asked(c)
		e.askedAgain(id)
		return c.values.handle(), false
	}
	f := e.failures[id]
	if f == nil {
		return nil, false
	}
	f.seen = pass
	if f.until.IsZero() || time.Now().Before(f.until) {
		return f.handle, true
	}
	return nil, false // its backoff is over
}

// adopt makes an unfinished call one of the flow's: its end makes a pass due,
// and the loop's end stops it. launched has to follow: if the call is new, a call that
// ends in being launched makes no pass due, for the one under way has the outcome. The
// runner's mutex is held, before e.mu.
func (e *engine) adopt(id callKey, c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l, again := e.launching[c]; again {
		l.asked = true
		e.launching[c] = l
	} else {
		e.launching[c] = launching{}
	}
	e.running[id] = c
	e.ids[c] = id
	e.bodies[c] = struct{}{}
	delete(e.others, c)
	e.watches(c)
}

// watches has the engine told of the end of a call, once. The runner's mutex is held.
func (e *engine) watches(c *call) {
	if !slices.Contains(c.watchers, watcher(e)) {
		c.watchers = append(c.watchers, e)
	}
}

// awaits reports whether a call of anybody's is unfinished, and makes a pass due
// when it ends.
func (e *engine) awaits(c *call) bool {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if c.ended() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked(c)
	if _, mine := e.ids[c]; !mine {
		e.others[c] = struct{}{}
		e.watches(c)
	}
	return true
}

// ended implements watcher: it notes how a call of the flow ended, and makes a pass due,
// or leaves that to launched.
func (e *engine) ended(c *call) {
	e.mu.Lock()
	id, mine := e.ids[c]
	delete(e.ids, c)
	delete(e.others, c)
	e.mu.Unlock()
	if !mine {
		e.wake()
		return
	}
	status, r := c.node.status(), c.runner
	// Without the lock, for it may ask the user.
	after := waitsAfter(c.err)
	final := status == Stopped || status == Failed && (r.retry.If != nil || isPermanent(c.err)) && !r.worthwhile(c.err)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, id)
	if status == Succeeded {
		delete(e.failures, id)
	} else {
		e.fail(id, c, final, after)
	}
	if l, ok := e.launching[c]; ok {
		l.ended = true
		e.launching[c] = l
		return
	}
	e.wake()
}

// returned implements watcher: it notes that there is nothing left of a call.
func (e *engine) returned(c *call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.bodies, c)
	if e.ending != nil && len(e.bodies) == 0 {
		close(e.ending)
		e.ending = nil
	}
}

// fail remembers a call without a result, until its backoff is over, or for good
// if that is final. e.mu is held.
func (e *engine) fail(id callKey, c *call, final bool, after time.Duration) {
	f := e.failures[id]
	if f == nil {
		f = &failure{}
		e.failures[id] = f
	}
	f.times++
	f.handle, f.number, f.seen, f.until = c.values.handle(), c.node.number, e.pass, time.Time{}
	if !final {
		f.until = time.Now().Add(id.runner.retry.wait(f.times, after))
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

// Awaitable is a *[Call] of any result type.
type Awaitable interface {
	Done() <-chan struct{}
	Status() CallStatus

	// outcomeErr waits like Call.Wait, without the result.
	outcomeErr(ctx context.Context) error
}

func (c *Call[R]) outcomeErr(ctx context.Context) error {
	_, err := c.Wait(ctx)
	return err
}

// Await returns when all calls have succeeded: nil. Otherwise it returns the
// errors of those that have not, joined, in the order of the calls. Nil calls
// are left out.
//
// Inside of a flow it does not wait. While a call is unfinished it returns an
// error that wraps [ErrSuspended], whatever the others came to, and the loop
// runs the flow again when one has ended.
//
//	first := process.Start(ctx, "05/25/22")
//	second := process.Start(ctx, "05/26/22")
//	if err := runtime.Await(ctx, first, second); err != nil {
//		return err
//	}
func Await(ctx context.Context, calls ...Awaitable) error {
	var failed, suspended []error
	for _, call := range calls {
		if call == nil {
			continue
		}
		switch err := call.outcomeErr(ctx); {
		case errors.Is(err, ErrSuspended):
			suspended = append(suspended, err)
		case err != nil:
			failed = append(failed, err)
		}
	}
	if len(suspended) > 0 {
		return errors.Join(suspended...)
	}
	return errors.Join(failed...)
}

// A flow that gives a work other arguments on every pass, the time of day for
// one, never gets past it: each pass asks for a call that no earlier one has
// made. unstableArgs notices that, for one runner.
type unstableArgs struct {
	pass    uint64 // the latest one that made a call
	streak  int    // passes in a row that did, while no call was asked for again
	id      callKey
	call    *call
	again   bool            // a later pass has asked for call while it was running
	shown   []store.Arg     // arguments of call; nil until there is a suspicion
	changed map[string]bool // names of arguments that differed each time; nil: not known yet
}

// unstableLimit is how many passes in a row have to make a call that the next one
// does not ask for, before the loop warns; suspicion is how many it takes for the
// arguments to be compared.
const (
	unstableLimit = 10
	suspicion     = 5
)

// maxCompared bounds the text by which arguments are compared, in bytes.
const maxCompared = 4000

// madeCall notes that a pass has made a call of a runner. args points to its
// arguments, a struct. They belong to the flow, which may write to them after
// this pass, so only their text is kept, and not shown.
func (e *engine) madeCall(id callKey, c *call, args any) {
	var shown []store.Arg
	if e.suspects(id.runner) {
		shown = arguments.Fields(args, func(v any) string { return preview.Text(v, maxCompared) })
	}
	if names := e.compared(id, c, shown); names != "" {
		e.log("a work gets new arguments on every pass, so the flow never gets past it: "+
			"ask for times with runtime.Now, Today or Cron, and leave out what is no input",
			slog.String("work", id.runner.name), slog.String("arguments", names))
	}
}

// suspects reports whether it is time to see which arguments of a work change.
func (e *engine) suspects(r *runner) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, ok := e.unstable.Get(r)
	return ok && n.streak >= suspicion && n.streak < unstableLimit
}

// compared does the book-keeping of madeCall and returns what is to be warned
// about: the names of arguments, or "".
func (e *engine) compared(id callKey, c *call, shown []store.Arg) (names string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, ok := e.unstable.Get(id.runner)
	if !ok {
		n = &unstableArgs{}
		e.unstable.Put(id.runner, n)
	}
	if n.streak >= unstableLimit {
		return "" // has warned
	}
	stable := n.call == nil || n.again || n.call.node.wasVisited() || n.pass+1 != e.pass
	if stable {
		*n = unstableArgs{}
	} else {
		n.compare(shown)
	}
	n.pass, n.id, n.call, n.shown = e.pass, id, c, shown
	if n.streak++; n.streak < unstableLimit {
		return ""
	}
	return n.names()
}

// askedAgain notes that a pass has asked for a call that is running.
func (e *engine) askedAgain(id callKey) {
	if n, ok := e.unstable.Get(id.runner); ok && n.id == id {
		n.again = true
	}
}

// compare keeps the names of those arguments whose text has changed each time.
func (n *unstableArgs) compare(shown []store.Arg) {
	if len(n.shown) == 0 || len(n.shown) != len(shown) {
		return
	}
	changed := map[string]bool{}
	for i, now := range shown {
		if n.shown[i].Text != now.Text && (n.changed == nil || n.changed[now.Name]) {
			changed[now.Name] = true
		}
	}
	n.changed = changed
}

// names lists the arguments that have changed each time, in their order.
func (n *unstableArgs) names() string {
	var names []string
	for _, arg := range n.shown {
		if arg.Name != "" && n.changed[arg.Name] {
			names = append(names, arg.Name)
		}
	}
	if len(names) == 0 {
		return "not known"
	}
	return strings.Join(names, ", ")
}

// warnUnreachable says, once per loop, that a flow cannot get past a work.
func (e *engine) warnUnreachable(r *runner) {
	if e.unreachable.Add(r.name) {
		e.log("caching is off for a work that the flow runs: it executes again and again, and the code after it is never reached; "+
			"use Start, or turn caching on", slog.String("work", r.name))
	}
}
