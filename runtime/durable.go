package runtime

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what a call looks for in the store before it executes, and what it says there
// of how an execution has ended. How one begins there is in begin.go.

// keyOf returns the durable key of a call.
func (r *runner) keyOf(v values) key.Key {
	scope := key.Scope{Work: r.name, Schema: r.schema, Code: r.scope, Build: r.build.Build().Sum}
	return key.Sum(scope, func(e *key.Encoder) { v.encode(e, true) })
}

// setKey gives a call its key in the store, which is zero if it cannot be made.
func (c *call) setKey() {
	r := c.runner
	k := r.keyOf(c.values)
	r.mu.Lock()
	defer r.mu.Unlock()
	c.key = k
	if m := r.history.Find(c.node.number); m != nil {
		m.key = k
	}
}

// seek looks for the result of a call that is prepared, or has it executed. If the caller
// does not wait, it looks elsewhere. It reports whether the call has ended.
func (c *call) seek(waits bool) (ended bool) {
	r := c.runner
	switch {
	case c.unkeyed != nil && r.override == onlyCache:
		c.conclude(nil, outcome{err: &MissError{Work: r.name}, none: true})
	case r.workers != nil && (c.unkeyed != nil || c.key.IsZero()):
		err := &UnkeyedError{Work: r.name, Err: cmp.Or(c.unkeyed, errNoKey)}
		c.conclude(nil, outcome{err: err, shown: c.redacted(err), none: true})
		return true
	case c.unkeyed != nil:
		c.execute()
	case c.key.IsZero():
		r.store.Failed(c.origin, "a result cannot be stored", errNoKey)
		c.execute()
	case !waits:
		c.findElsewhere()
	default:
		// The caller leaves a store that does not answer when its context ends.
		looking, cancel := context.WithCancelCause(c.origin)
		return c.looks(cancel) && c.find(looking)
	}
	return false
}

// errNoKey is why a call is not looked for in the store although it was identified.
var errNoKey = errors.New("the inputs could be encoded once, and not again")

// find looks for the result in the store, and has the call executed if it is not
// there. It reports whether the call has ended. When ctx, which has the values of the
// caller's, ends before that, and the call has not, it goes on elsewhere.
func (c *call) find(ctx context.Context) (ended bool) {
	if c.refreshed() {
		c.refresh(ctx)
	} else {
		c.look(ctx)
	}
	return c.decide(ctx)
}

// refreshed reports whether what the store has is to be forgotten first.
func (c *call) refreshed() bool { return c.runner.override == refreshCache && !c.again }

// decide has a call executed that was looked for, unless it has ended with what was found.
func (c *call) decide(ctx context.Context) (ended bool) {
	r := c.runner
	switch {
	case c.ended():
		return true
	case ctx.Err() != nil:
		c.findElsewhere()
	case r.override == onlyCache:
		c.conclude(nil, outcome{err: &MissError{Work: r.name, Key: c.key}, none: true})
		return true
	case c.untilDue() > 0:
		c.postpone()
	default:
		c.execute()
	}
	return false
}

// look ends the call with what the store has, or decides to do without the store.
func (c *call) look(ctx context.Context) {
	switch found, err := c.lookup(ctx); {
	case err == nil:
		c.consider(ctx, &found)
	case ctx.Err() == nil:
		c.withoutStore(nil, err)
	}
}

// consider ends the call with what was found in the store, if that is an end.
func (c *call) consider(ctx context.Context, found *store.Found) {
	if c.again && !c.isFresh(found.Result()) {
		c.seen = newest(found)
		if found.Close(); !c.refreshes && found.Result() == nil && found.Latest != nil && found.Latest.Answers(time.Now()) {
			c.refresh(ctx) // nobody is to get the error any more
		}
		return
	}
	c.settle(ctx, nil, found, true)
}

// isFresh reports whether a result that the store has is as good as a refresh: another process has
// refreshed it.
func (c *call) isFresh(e *store.Entry) bool {
	r := c.runner
	youngest := r.refreshAfter - time.Duration(r.jitter*float64(r.refreshAfter)) // that is refreshed
	return c.refreshes && e != nil && (r.refreshAfter == 0 || time.Since(e.Finished) < youngest)
}

// newest returns the token of the newest execution that was found, but for one that has not ended.
func newest(found *store.Found) (token uint64) {
	if e := found.Result(); e != nil {
		token = e.Token
	}
	if found.Latest != nil {
		token = max(token, found.Latest.Seq)
	}
	return token
}

// lookup asks the store for what it has of the call. What that is may have changed before
// the answer is here.
func (c *call) lookup(ctx context.Context) (store.Found, error) {
	asked := time.Now()
	found, err := c.runner.store.Lookup(ctx, c.key)
	if err == nil {
		c.looked = stampOf(asked)
	}
	return found, err
}

// refresh forgets what the store has of the call.
func (c *call) refresh(ctx context.Context) {
	r := c.runner
	r.store.Delete(ctx, c.key)
	r.mu.Lock()
	c.deleted, c.recount = false, false // that was before it executes
	r.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	found, err := r.store.Lookup(ctx, c.key)
	if err == nil && found.Latest != nil {
		c.seen = found.Latest.Seq // it could not be deleted
	}
	found.Close()
}

// findElsewhere is find for which nobody waits.
func (c *call) findElsewhere() {
	if c.refreshed() {
		go c.findAlone()
	} else {
		c.enqueue()
	}
}

// looks notes what ends the look into the store. If the call has ended it ends it at
// once, and reports false.
func (c *call) looks(cancel context.CancelCauseFunc) bool {
	c.runner.mu.Lock()
	ended := c.ended()
	if !ended {
		c.looking, cancel = cancel, c.looking
	}
	c.runner.mu.Unlock()
	if cancel != nil {
		cancel(nil)
	}
	return !ended
}

// settle ends the call with what was found in the store, if that is an end: a result that
// can be read, an error that is kept, a failure of an execution that was under way when the call
// was made, or that it was given up. Otherwise it notes when the call may be executed. It reports whether the call
// has ended.
func (c *call) settle(ctx context.Context, x *execution, found *store.Found, first bool) (ended bool) {
	if e := found.Result(); c.again && e != nil && e.Token <= c.seen { // that is the old one
		found.Close()
		found.Results = nil
	}
	e := found.Result()
	if expires, ok := c.runner.store.Read(ctx, found, c.values.result()); ok {
		o := outcome{keep: true, stored: true, expires: expires, finished: stampOf(e.Finished)}
		c.weigh(&o)
		c.conclude(x, o)
		return true
	}
	latest := c.news(found.Latest)
	if latest != nil && latest.Answers(time.Now()) {
		c.conclude(x, outcome{none: true, err: c.failedElsewhere(latest), keep: true, stored: true, expires: latest.Expires})
		return true
	}
	if c.runner.override == onlyCache {
		return c.ended()
	}
	if latest != nil && (!first || c.overlaps(latest)) && c.isFailure(latest) {
		c.conclude(x, outcome{none: true, err: c.failedElsewhere(latest)})
		return true
	}
	if err := c.plan(found, latest != nil); err != nil {
		c.conclude(x, outcome{none: true, err: err})
		return true
	}
	return c.ended()
}

// news returns the newest record of the call if the store has not shown it yet, or not like
// this: what was lost may still end. It may be nil, and a look may be stale.
func (c *call) news(latest *store.Record) *store.Record {
	if latest == nil || latest.Seq < c.seen {
		return nil
	}
	lost := latest.Status == store.Lost
	if latest.Seq == c.seen && (lost || !c.seenLost) {
		return nil
	}
	c.seen, c.seenLost = latest.Seq, lost
	return latest
}

// isFailure reports whether an execution is a failure for those who have waited for it: it
// is not to be executed again by itself. A look may have been stale, so that what it did not
// show is older than the call. Clocks of other machines differ.
func (c *call) isFailure(x *store.Record) bool {
	differ := store.Tolerance
	if x.Origin.Host != durable.Origin().Host {
		differ = clocksDiffer
	}
	during := !x.Finished.Before(c.requested.time().Add(-differ))
	return during && x.Status.Failure() && (x.Status == store.GivenUp || x.Retry.IsZero())
}

// clocksDiffer is by how much clocks of several machines may differ. If they do by more, a call
// may execute once more although it has failed while it was waited for.
const clocksDiffer = time.Minute

// failedElsewhere returns the error of an execution of which the store tells.
func (c *call) failedElsewhere(x *store.Record) error {
	return &RemoteError{Work: c.runner.name, Key: c.key, Origin: x.Origin, Text: x.Error, Kind: x.Kind}
}

// overlaps reports whether an execution ended after the call was made, as far as the clock
// of this machine tells: the store may not have answered until then.
func (c *call) overlaps(x *store.Record) bool {
	return x.Finished.After(c.requested.time()) && x.Origin.Host == durable.Origin().Host
}

// withoutStore decides what becomes of a call when the store has not answered in time. It
// reports whether the call has ended with that; otherwise it executes without the store.
func (c *call) withoutStore(x *execution, err error) (ended bool) {
	r := c.runner
	r.store.Failed(context.Background(), "a call goes on without the store", err)
	if !durable.Answered(err) && r.whenSilent() == FailOnStoreFailure {
		c.conclude(x, outcome{none: true, err: &StoreError{Work: r.name, Err: err}})
		return true
	}
	c.storeless.Store(true)
	return false
}

// publish tells the store how an execution has ended, before anybody here is told: those
// who then ask again find it. wait is how long until the call is executed again; 0: it is
// not. If the body has returned, its slot is free meanwhile.
func (c *call) publish(x *execution, o *outcome, wait time.Duration, returned bool) {
	r := c.runner
	r.mu.Lock()
	if returned {
		x.endSlots()
	}
	l := c.lease
	put := l.Held() && !c.forgotten && c.execution == x && (o.err == nil || !c.ended())
	answers := o.err != nil && o.keep && o.stores && wait == 0 && c.listed
	if put {
		l.Ends()
	}
	if put && c.again && o.err == nil {
		c.replaces(l.Seq())
	}
	r.mu.Unlock()
	if !put {
		return
	}
	rec, result := c.record(x), c.values.result()
	switch {
	case o.err != nil:
	case o.lifetime > 0:
		rec.Expires = rec.Finished.Add(o.lifetime)
	case o.lifetime < 0: // somebody may wait for it elsewhere, and knows then that it has ended
		rec.Expires = rec.Finished
	}
	if rec.Status = store.Succeeded; o.err != nil {
		rec.Status, rec.Error, rec.Kind, rec.Stack, result = store.Failed, preview.Error(o.recorded()), kindOf(o), stackOf(o.recorded()), nil
		switch {
		case wait > 0:
			rec.Retry = rec.Finished.Add(wait)
		case answers:
			rec.Expires = rec.Finished.Add(o.lifetime)
		case x.isLast() && r.worthwhile(o.err):
			rec.Status = store.GivenUp
		}
	}
	expires, err := l.End(x.withoutEnd(), rec, result) // the result is good, whoever has left
	if !expires.IsZero() {
		o.expires = expires
	}
	switch {
	case errors.Is(err, store.ErrLost): // who waits gets the result, and nobody else
		o.keep = false
		if !l.WasDeleted() { // another execution has taken the call over, and its result is the one
			x.lost.Store(true)
			o.err, o.none = cmp.Or(o.err, named(r.name, ErrLeaseLost)), true
		}
	case err != nil && wait == 0:
		r.mu.Lock()
		c.untold = err
		r.mu.Unlock()
	}
}

// publishSoon is publish of a failure that is told here after tellsWithin, whether the store
// has answered or not. The body has not returned.
func (c *call) publishSoon(x *execution, o outcome) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		c.publish(x, &o, 0, false)
	}()
	timer := time.NewTimer(tellsWithin)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	}
}

const tellsWithin = time.Second

// record describes the execution x of the call.
func (c *call) record(x *execution) store.Record {
	r := c.runner
	rec := store.Record{
		Ref: r.store.Ref(c.key), Schema: r.schema, Code: r.scope, Symbols: r.code.Lines(), Build: r.build.Build().Text,
		Origin: durable.Origin(), Finished: time.Now(), Attempt: x.attempt, Again: c.again,
	}
	if c.described != nil {
		rec.Args, rec.Arguments = c.described.inputs, c.described.arguments
	}
	r.mu.Lock()
	rec.Requested, rec.Started = c.requested.time(), x.began
	r.mu.Unlock()
	c.note(&rec)
	return rec
}

// note notes in a record how far the latest execution has come, and what it has logged.
func (c *call) note(rec *store.Record) {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if p := c.progress; p != nil {
		rec.Progress, rec.Log = store.Progress(p.CallProgress), p.lines.String()
	}
}

// kindOf returns what callers elsewhere are to know of an error. It calls methods of the user's.
func kindOf(o *outcome) store.ErrorKind {
	switch {
	case o.panicked != nil:
		return store.ErrorPanic
	case errors.Is(o.err, context.DeadlineExceeded):
		return store.ErrorDeadlineExceeded
	case errors.Is(o.err, context.Canceled):
		return store.ErrorCanceled
	}
	return store.ErrorOther
}

// stackOf returns the stack of a panic that an error comes from, without secrets, "" if it
// comes from none. It calls methods of the user's.
func stackOf(err error) string {
	var p *PanicError
	if !errors.As(err, &p) {
		return ""
	}
	return preview.Cut(redact.Text(string(p.Stack)), maxStack)
}

// maxStack bounds the stack in a record, in bytes.
const maxStack = 16 << 10
