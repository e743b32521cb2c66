package runtime

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// This file is how what is kept grows old, and how it is replaced before it is gone. A kept result
// goes through
//
//	         RefreshAfter                TTL                       StaleIfError
//	fresh ───────────────▶ stale, good ───────▶ stale, too old ───────────────▶ gone
//	  ▲                        │                     │
//	  └── a refresh failed ◀───┴─────────────────────┘
//
// A timer marks it stale, and the next request for it makes a call that is Again: the refresh. While
// the result is good, that is done in the background, and everybody gets the old one; when it is too
// old, who asks waits. A refresh that fails makes the old result one that is given for some time,
// good or too old.

// RefreshAfter has results refreshed when d has passed since their execution finished: the first
// request after that starts an execution in the background and gets the old result, as all others
// do, until the new one is there. So nobody waits, and one execution is enough, however many ask
// when its time has come. What nobody asks for is not refreshed. Zero, the default, refreshes
// nothing; a negative d panics.
//
// It is for results that are to be young, and may be a little older than they should. With [TTL],
// which should be longer, a result that was not refreshed in time expires; without it, results are
// kept until they are evicted. Until a refresh that failed is tried again, it takes as long as
// [Retry] says, or a second, and longer each time.
//
// With a store, one process executes, and the others take what it has put there. Works that
// [WithWorkers] has executed elsewhere cannot be refreshed: their constructor panics.
func RefreshAfter(d time.Duration) Option {
	atLeastZero("RefreshAfter", d, "use 0 to refresh nothing")
	return optionFunc(func(c *config) { c.refreshAfter = d })
}

// StaleIfError has a result that has expired by [TTL] given for another d when there is nothing
// better: because the execution that is to replace it fails, or is refused with [ErrBusy] or
// [ErrClosed]. Whoever asks first after the TTL waits for an execution, with those who join it. If
// that fails, all of them get the old result; so does, at once, who asks before the next attempt,
// which is due as for [RefreshAfter]. Zero, the default, gives nothing that has expired; a negative
// d panics.
//
// The failure is logged, counted and remembered as any other. Those who stop an execution, or give
// up waiting, get their error. A result that has expired is in memory only: no store gives it.
//
// The word is that of RFC 5861, section 4.
func StaleIfError(d time.Duration) Option {
	atLeastZero("StaleIfError", d, "use 0 to give nothing that has expired")
	return optionFunc(func(c *config) { c.staleIfError = d })
}

// Jitter spreads lifetimes, so that what was made together does not expire together: those of [TTL],
// [RefreshAfter], [CacheErrors] and [CacheErrorsFunc] are drawn evenly from d·(1-share) to d. Zero,
// the default, is no jitter. Jitter panics when share is negative or above 1.
func Jitter(share float64) Option {
	if !(share >= 0 && share <= 1) {
		panic(fmt.Sprintf("runtime: Jitter(%v): must be from 0 to 1: it is a share of the lifetime", share))
	}
	return optionFunc(func(c *config) { c.jitter = share })
}

// jittered returns a lifetime that is a little shorter.
func (c *config) jittered(d time.Duration) time.Duration {
	if c.jitter == 0 || d <= 0 {
		return d
	}
	return max(d-time.Duration(c.jitter*rand.Float64()*float64(d)), 1)
}

// lives is how long a result is kept that wants to be kept for say: 0 is for ever, and less not at
// all.
func (r *runner) lives(say time.Duration) time.Duration {
	switch {
	case say < 0:
		return say
	case say > 0:
		return r.jittered(say)
	}
	return r.jittered(r.ttl)
}

const never = time.Duration(math.MaxInt64)

// after is d after a moment, and never if that is too long.
func after(moment, d time.Duration) time.Duration {
	if d > never-max(moment, 0) {
		return never
	}
	return moment + d // in a synctest bubble, moment is negative if the runner was made before
}

// ages reports whether results may be stale.
func (c *config) ages() bool { return c.refreshAfter > 0 || c.staleIfError > 0 }

// age notes when the time comes of a call that is being kept: after the lifetime of its outcome, or
// when the store says so, where what was stored earlier expires earlier. mu is held.
func (r *runner) age(c *call, o *outcome) {
	n, now := c.node, time.Since(r.made)
	expires, refresh := never, never
	switch {
	case !o.expires.IsZero():
		expires = after(now, time.Until(o.expires))
	case o.lifetime > 0:
		expires = after(now, o.lifetime)
	}
	next := expires
	if o.err == nil && r.ages() {
		if r.refreshAfter > 0 {
			made := now
			if o.finished != 0 {
				made -= time.Since(o.finished.time())
			}
			refresh = after(made, r.jittered(r.refreshAfter))
		}
		a := r.attributes[n]
		a.ages, a.expires, a.gone = true, expires, after(expires, r.staleIfError)
		r.attributes[n] = a
		next = min(expires, refresh)
	}
	r.expectAt(n, next)
}

// expectAt has the time of a node come at one. mu is held.
func (r *runner) expectAt(n *node, at time.Duration) {
	if at != never {
		r.expiry.Add(n, at)
		r.arm()
	}
}

// matures does what is to be done with a kept call whose time has come. mu is held.
func (r *runner) matures(n *node, now time.Duration) {
	a := r.attributes[n]
	if !a.ages || now >= a.gone {
		r.stats.Expirations++
		r.drop(n, Expired)
		return
	}
	n.state.Or(stale)
	if now < a.expires {
		r.expectAt(n, a.expires)
	} else {
		r.expectAt(n, a.gone)
	}
}

// isTooOld reports whether a node that is kept is not good any more. mu is free.
func (r *runner) isTooOld(n *node) bool {
	if !r.ages() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hasExpired(n)
}

// hasExpired is isTooOld where results may be stale. mu is held.
func (r *runner) hasExpired(n *node) bool { return time.Since(r.made) >= r.attributes[n].expires }

// refresh is findOrMake for a call that is kept and stale: a hit as long as it is good, and the call
// that refreshes it afterwards. ended is why the caller's context has ended.
func (c *Calls[K, A, R]) refresh(ctx context.Context, ended error, hash uint64, k *K, args *A, join func(*call) error) (
	e *entry[K, R], u *call, made bool, err error,
) {
	r := c.runner
	r.mu.Lock()
	if e = c.table.find(hash, k); e == nil || !e.call.node.isStale() { // somebody was faster
		r.mu.Unlock()
		return c.findOrMake(ctx, hash, *k, *args, join)
	}
	if r.hasExpired(&e.call.node) {
		defer r.mu.Unlock()
		return c.replaceExpired(ctx, ended, e, *args, join)
	}
	ahead := c.refreshAhead(e, r.mayNotMake(ended), *args)
	r.mu.Unlock()
	if ahead != nil {
		ahead.launch(ctx, false)
	}
	return e, nil, false, nil
}

// refreshAhead is a hit of a stale entry, and makes the call that refreshes it, unless there is one,
// or it is refused. mu is held.
func (c *Calls[K, A, R]) refreshAhead(e *entry[K, R], refused error, args A) *call {
	r, n := c.runner, &e.call.node
	n.visit()
	r.stats.Hits++
	if refused != nil && !r.closed {
		return nil // the next request may make it
	}
	if r.renewal(n.hash, e.key) != nil {
		return nil // likewise, if that fails
	}
	n.state.And(^uint32(stale))
	if refused != nil {
		return nil
	}
	_, u := c.newCall(n.hash, e.key, args)
	u.again, u.refreshes = true, true
	u.addStart(nil) // it is for nobody, and so does not end with anybody
	r.stats.Refreshes++
	r.beginRenewal(u)
	r.admit(u)
	return u
}

// replaceExpired finds or makes the call that replaces an entry which is too old, and has the caller
// join it. mu is held.
func (c *Calls[K, A, R]) replaceExpired(ctx context.Context, ended error, old *entry[K, R], args A, join func(*call) error) (
	e *entry[K, R], u *call, made bool, err error,
) {
	r, n := c.runner, &old.call.node
	who, inLoop := callerOf(ctx)
	if u = r.renewal(n.hash, old.key); u != nil {
		if err = ended; err == nil {
			err = join(u)
		}
		if err != nil {
			r.stats.Refused++
			return nil, nil, false, err
		}
		r.stats.Joined++
		r.calledBy(who, inLoop)
		return u.values.(*pending[K, A, R]).entry, u, false, nil
	}
	if r.mayNotMake(ended) != nil && ended == nil { // what there is, is better than that
		n.visit()
		r.stats.Hits++
		return old, nil, false, nil
	}
	if err = r.mayMake(ended); err != nil {
		return nil, nil, false, err
	}
	e, u = c.newCall(n.hash, old.key, args)
	u.again, u.refreshes = true, true
	if err = join(u); err != nil {
		return nil, nil, false, err
	}
	r.stats.MissesExpired++
	r.beginRenewal(u)
	r.admit(u)
	r.calledBy(who, inLoop)
	return e, u, true, nil
}

// refreshFailed has what is kept of a call that is Again, and has failed or was stopped, given for some
// time, at least for wait if it is not gone before: then the next refresh is due. It returns a *Call[R],
// nil if nothing is kept. One that somebody has executed Again for another reason changes nothing. mu is
// held.
func (r *runner) refreshFailed(c *call, wait time.Duration) any {
	if c.forgotten {
		return nil // what is kept, if anything, is not what it was to replace
	}
	handle, n := c.values.kept()
	a, now := r.attributes[n], time.Since(r.made)
	if !a.ages || now >= a.gone {
		return nil
	}
	if !c.refreshes {
		return handle
	}
	a.failures++
	r.attributes[n] = a
	n.state.And(^uint32(stale))
	r.expiry.Remove(n)
	r.expectAt(n, min(after(now, r.retry.wait(a.failures, wait)), a.gone))
	return handle
}

// inherit has a call that is Again take the place of what was kept, if nobody could get that any more:
// whoever asks then waits for it. mu is held.
func (r *runner) inherit(n *node, why Removal) {
	c := r.renewals[n.hash]
	if c == nil || why != Expired && (why != Evicted || r.store != nil) {
		return
	}
	if kept, _ := c.values.kept(); kept != nil {
		return // a hash that is the same
	}
	if _, ok := c.values.supersede(); ok {
		c.listed = true
		r.endRenewal(c)
	}
}
