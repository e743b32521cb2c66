package runtime

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/kind"
)

// Spec is what the generated code knows of one work. K identifies arguments
// inside the process: equal keys mean equal arguments. A holds the arguments of
// one call, R its results.
type Spec[K comparable, A, R any] struct {
	Name    string                                       // full name: import path, dot, type name
	Code    *Code                                        // identifies the code in durable keys; nil: nothing does
	Schema  string                                       // identifies the types of inputs and results in durable keys
	Execute func(ctx context.Context, args A) (R, error) // the body

	// CloneArgs returns arguments that share no memory with its own, so that
	// the caller may change what it passed while the execution reads its copy.
	// CloneResult does the same for results, of which every caller gets one
	// while the original stays in the cache. Nil: there are no references, or
	// the work is marked share. Both may be called concurrently.
	CloneArgs   func(A) A
	CloneResult func(R) R

	// Inputs encodes what could be written to while the body runs: fields
	// tagged key, and arguments that cannot be copied. It is taken when the
	// call is made and again after the execution; when the two differ, the
	// call fails with an InputChangedError. Nil: there is no such thing.
	Inputs func(e *key.Encoder, args *A)

	// Outside says that inputs lie outside of the program, as a key.File does,
	// and may have changed since the call was identified. K is then the
	// key.Fingerprint of what Inputs writes, and a call for which that is not so
	// any more when it is made fails with an InputChangedError, too.
	Outside bool

	// Encode writes all inputs, for durable keys; nil: the work makes no use of
	// stores. Describe tells of them one by one, for stores and for people; nil:
	// people are shown the fields of A. Both may be called concurrently.
	Encode   func(e *key.Encoder, args *A)
	Describe func(in *Inputs, args *A)

	Memory      bool   // the work is marked memory: a store is not used
	NotStorable string // why a store would not give results back as they were; "" when it does

	// Kinds tell a store how to write the types in results that are not walked field by
	// field.
	Kinds []kind.Kind

	Options []Option // from the directive; options of the constructor win
}

// Calls is the table of all calls of a runner: cache and single flight at once.
// All methods may be called concurrently.
//
// The methods take the key's hash separately, because generated code computes
// both together. Equal keys must have equal hashes, and hashes should differ in
// all bits. A key that is given to Run or Start is kept, so it must own its
// memory (key.Fingerprint has Clone for that); Hit, Lookup and Forget only look
// at it.
type Calls[K comparable, A, R any] struct {
	// Read by every hit, and not near anything that is often written.
	table[K, R]
	owner owner[R]
	spec  Spec[K, A, R]
	code  string          // what stands for the code in keys
	build *build.Reporter // what counts there of the running program; may be nil
	epoch time.Time

	// Guarded by owner.mu.
	order             sieve[K, R]
	results, failures lifetime[K, R]
	early             map[*entry[K, R]]*time.Timer // of results that the store had, and that expire sooner
	durable           map[*entry[K, R]]key.Key     // of those that a store has, which says what was deleted; else nil
}

// NewCalls makes the table for a runner. It panics when the spec has no Name or
// no Execute, or an option is nil.
func NewCalls[K comparable, A, R any](spec Spec[K, A, R], opts ...Option) *Calls[K, A, R] {
	if spec.Name == "" || spec.Execute == nil {
		panic("runtime: NewCalls needs Name and Execute: set both in the Spec")
	}
	r := newRunner(newConfig(spec.Name, spec.Options, opts))
	c := &Calls[K, A, R]{spec: spec, code: spec.Code.scope(), build: spec.Code.build(), epoch: time.Now()}
	c.owner = owner[R]{Runner: r, clone: spec.CloneResult, settle: c.settle}
	c.results = lifetime[K, R]{ttl: r.ttl, queue: queue[K, R]{which: byDeadline}}
	c.failures = lifetime[K, R]{ttl: r.cacheErrors, queue: queue[K, R]{which: byDeadline}}
	c.table.reset()
	r.forgetAll, r.table = c.forgetAll, c
	c.openStore()
	return c
}

// Runner returns what a generated runner embeds.
func (c *Calls[K, A, R]) Runner() *Runner { return c.owner.Runner }

// Hit returns the call with this key if it has succeeded and is kept, and counts
// a hit. It returns nil otherwise, rarely also for a call that is there; Run or
// Start must follow then, which look again. It takes no lock, allocates nothing,
// and k does not escape.
func (c *Calls[K, A, R]) Hit(hash uint64, k *K) *Call[R] {
	// This is table.find written out, which saves the call.
	b := *c.buckets.Load()
	for e := b[hash&uint64(len(b)-1)].Load(); e != nil; e = e.next.Load() {
		if e.hash != hash || e.key != *k {
			continue
		}
		if state := e.call.state.Load(); state != uint32(Succeeded)|visited {
			if state != uint32(Succeeded) {
				return nil
			}
			// Only write what changes: a line that is just read stays in the
			// caches of all processors.
			e.call.visit()
		}
		c.owner.hits.add()
		return &e.call
	}
	return nil
}

// Run returns the result of the call with this key: the kept one, that of an
// unfinished call, or that of an execution which it starts. It is for callers
// for whom Hit has returned nil.
//
//  1. What is kept is returned, even when ctx has ended.
//  2. Otherwise a ctx that has ended gives its error, and nothing executes.
//  3. An equal unfinished call is joined, or a CycleError returned.
//  4. Otherwise a closed runner gives an error that wraps ErrClosed.
//  5. Otherwise a call is made. Its arguments are copied before anything else.
//  6. The caller then waits for the call. When ctx ends first it gets ctx.Err(),
//     and if it was the last one who waited, the call is stopped.
//
// Inside of a flow 5 and 6 do not wait but suspend; see Loop.
//
// A key that tells of an error, as the fingerprint of inputs that could not be
// encoded does, equals no other one: the call executes, and its result is neither
// shared nor kept. Inside of a flow, which could not find it again, it is refused
// with an UnkeyedError.
//
// A panic in CloneArgs or CloneResult fails the call with a PanicError.
func (c *Calls[K, A, R]) Run(ctx context.Context, hash uint64, k K, args A) (R, error) {
	if p := passOf(ctx); p != nil {
		return c.runInFlow(ctx, p, hash, k, args)
	}
	parent := bodyOf(ctx)
	e, f, fresh, err := c.enter(ctx, hash, k, func(f *flight) error {
		if parent != nil {
			if err := parent.flight.waitFor(f); err != nil {
				return err
			}
		}
		f.waiters++
		return nil
	})
	if err != nil {
		var zero R
		return zero, err
	}
	if f == nil {
		return e.call.outcome()
	}
	if fresh {
		c.launch(ctx, e, f, args, true)
	}
	return e.call.await(ctx, f, parent)
}

// Start makes sure that the call with this key is made, and returns it without
// waiting: a kept call, an unfinished one, or a new one. Like Run it is for callers
// for whom Hit has returned nil, and its rules are those of Run, except that until
// the call ends ctx itself is one of those for whom it is kept going, next to
// callers in Run and Wait.
//
// Start never returns nil. Where Run would have returned an error at once, the
// call is Stopped for that reason.
func (c *Calls[K, A, R]) Start(ctx context.Context, hash uint64, k K, args A) *Call[R] {
	if p := passOf(ctx); p != nil {
		call, _ := c.startInFlow(ctx, p, hash, k, args)
		return call
	}
	done, watch := ctx.Done(), false
	e, f, fresh, err := c.enter(ctx, hash, k, func(f *flight) error {
		watch = f.addStart(done)
		return nil
	})
	if err != nil {
		return c.refusal(err)
	}
	if fresh {
		c.launch(ctx, e, f, args, false)
	}
	if watch {
		e.call.watch(ctx, done, f)
	}
	return &e.call
}

// refusal is a call that was never let in.
func (c *Calls[K, A, R]) refusal(err error) *Call[R] {
	now := stampOf(time.Now())
	call := &Call[R]{owner: &c.owner, requested: now, finished: now, err: err}
	call.state.Store(uint32(Stopped))
	return call
}

// Lookup returns a copy of the kept result of the call with this key, and
// whether there is one, here or in the store. It never executes and counts
// nothing, also not for the choice of what to evict.
func (c *Calls[K, A, R]) Lookup(hash uint64, k K, args A) (R, bool) {
	e := c.find(hash, &k)
	if e == nil {
		// Look again where the table does not grow meanwhile.
		c.owner.mu.Lock()
		e = c.find(hash, &k)
		c.owner.mu.Unlock()
	}
	if e == nil || e.call.status() != Succeeded {
		return c.stored(k, args)
	}
	result, err := e.call.outcome()
	return result, err == nil
}

// Forget makes the next call with this key execute anew, and reports whether
// there was one to forget, here or in the store. An unfinished call still serves
// those who wait for it, but is not kept, in whatever process it executes: it does
// not count in the store either. What the store has is deleted. Other processes drop
// what they keep in memory within about a second, if the store is a store.Announcer;
// until then their calls may be hits, and join an execution that is under way there.
func (c *Calls[K, A, R]) Forget(hash uint64, k K, args A) bool {
	r := c.owner.Runner
	forget := func() bool {
		r.mu.Lock()
		found, h := c.forget(c.find(hash, &k))
		r.mu.Unlock()
		h.release()
		return found
	}
	// In the store between two looks at the table: whoever was about to put a result
	// there has lost the lease, and who has just read one there is forgotten.
	kept := forget()
	if c.forgetStored(k, args) {
		kept = true
	}
	if forget() {
		kept = true
	}
	r.deliver()
	failed := forgetFailures(func(id callKey, _ any) bool { return id == callKey{r, k} })
	return kept || failed
}

// forget forgets a call, kept or unfinished, and reports whether it is not nil. mu
// is held. A lease that it has is to be released once it is not: the next equal
// call must not wait for it.
func (c *Calls[K, A, R]) forget(e *entry[K, R]) (found bool, held *holding) {
	switch {
	case e == nil:
		return false, nil
	case e.call.status().ended():
		c.drop(e, Forgotten)
		return true, nil
	}
	f := e.call.flight
	f.forgotten = true
	c.table.remove(e)
	return true, f.holding
}

// forgetAll leaves unfinished calls without a place in the table, so that they
// are not kept when they end.
func (c *Calls[K, A, R]) forgetAll() {
	r := c.owner.Runner
	forget := func() {
		var held []*holding
		r.mu.Lock()
		for c.order.oldest != nil {
			c.drop(c.order.oldest, Forgotten)
		}
		for f := range r.flights {
			f.forgotten = true
			held = append(held, f.holding)
		}
		c.table.reset()
		r.mu.Unlock()
		for _, h := range held {
			h.release()
		}
	}
	forget()
	if r.store != nil {
		r.forgetAllStored()
		forget()
	}
	r.deliver()
	forgetFailures(func(id callKey, _ any) bool { return id.runner == r })
}

// enter finds or makes the call with this key. For an unfinished one it returns
// the flight too, to which join, called under the lock, has added the caller;
// when join fails, so does enter. fresh says that the caller has to launch it.
func (c *Calls[K, A, R]) enter(ctx context.Context, hash uint64, k K, join func(*flight) error) (
	e *entry[K, R], f *flight, fresh bool, err error,
) {
	ended := ctx.Err() // before the lock: contexts may be user code
	r := c.owner.Runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if e = c.find(hash, &k); e != nil && e.call.status().ended() {
		e.call.visit()
		r.stats.Hits++
		return e, nil, false, nil
	}
	switch {
	case ended != nil:
		err = ended
	case e != nil:
		f = e.call.flight
		err = join(f)
	case r.closed:
		err = named(r.name, ErrClosed)
	default:
		e, f = c.make(hash, k)
		return e, f, true, join(f)
	}
	if err != nil {
		r.stats.Refused++
		return nil, nil, false, err
	}
	r.stats.Joined++
	return e, f, false, nil
}

// make adds a new call. Nothing waits for anything in it yet, so joining it
// cannot fail. mu is held.
func (c *Calls[K, A, R]) make(hash uint64, k K) (*entry[K, R], *flight) {
	r := c.owner.Runner
	e := &entry[K, R]{hash: hash, key: k}
	f := &flight{runner: r, call: &e.call, hash: hash, done: make(chan struct{})}
	r.take(f)
	e.call.owner, e.call.flight, e.call.number = &c.owner, f, f.number
	e.call.requested = stampOf(time.Now())
	e.call.state.Store(uint32(Pending))
	if f.unkeyed = unkeyed(&e.key); f.unkeyed != nil {
		r.stats.Unkeyed++
	} else if r.cacheCalls {
		c.table.insert(e)
	}
	r.note(f, e.call.snapshot())
	return e, f
}

// settle keeps an ended call that is still in the table, or takes it out. Those
// that were forgotten, or never entered, are not. mu is held.
func (c *Calls[K, A, R]) settle(call *Call[R], hash uint64, keep bool) {
	e := c.table.holder(call, hash)
	switch {
	case e == nil:
	case !keep:
		c.table.remove(e)
	default:
		// Make room first: the newcomer is not up for choice.
		for c.order.len >= c.owner.maxEntries {
			c.owner.stats.Evictions++
			c.drop(c.order.victim(), Evicted)
		}
		c.owner.stats.Entries++
		c.order.push(e)
		c.age(e)
	}
}

// drop ends the keeping of an entry. mu is held.
func (c *Calls[K, A, R]) drop(e *entry[K, R], why Removal) {
	c.table.remove(e)
	c.order.remove(e)
	if l := c.lifetimeOf(e); l.ttl != 0 {
		l.remove(e)
	}
	c.spare(e)
	delete(c.durable, e)
	c.owner.stats.Entries--
	c.owner.removed(e.call.number, why)
	c.owner.record(Event{Number: e.call.number, Removed: why, Call: e.call.snapshot()})
}
