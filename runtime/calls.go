package runtime

import (
	"context"
	"time"
	"unsafe"

	"github.com/workgen/workgen/runtime/heapsize"
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
	Work    any                                          // pointer to the work, which must not be nil
	Execute func(ctx context.Context, args A) (R, error) // the body

	// Identify returns what identifies a call with these arguments, and its hash. Where e
	// is not nil, the key refers to its memory: CloneKey comes first, then Release.
	Identify func(args A) (hash uint64, k K, e *key.Encoder)

	// CloneKey returns an equal key that owns its memory. Nil: every key does.
	CloneKey func(K) K

	// CloneArgs returns arguments that share no memory with its own, so that
	// the caller may change what it passed while the execution reads its copy.
	// CloneResult does the same for results, of which every caller gets one
	// while the original stays in the cache. Nil: there are no references, or
	// the work is marked share. Both may be called concurrently.
	CloneArgs   func(A) A
	CloneResult func(R) R

	// KeepFor returns how long results are to be kept, as [Perishable] has it. It calls methods
	// of the user's, and may be called concurrently. Nil: results have no say.
	KeepFor func(R) time.Duration

	// Size returns how many bytes of the heap a result refers to, by the size classes of
	// Go, what is in R itself not counted, and SizeKey how many a key does that owns its
	// memory. What cannot be told counts as nothing. Nil: they refer to nothing. Both only
	// read and may be called concurrently.
	Size    func(R) int
	SizeKey func(K) int

	// EncodeWork writes the fields of the work that are inputs, nil where there are none,
	// and Encode the arguments. Nil: the work makes no use of stores. Both may be called
	// concurrently.
	EncodeWork func(e *key.Encoder)
	Encode     func(args *A, e *key.Encoder)

	// Verify writes the arguments that cannot be copied. They, and the fields of the work,
	// could be written to while the body runs, so they are encoded when the call is made
	// and again after the execution; when the two differ, the call fails with an
	// InputChangedError. Nil: there are no such arguments.
	Verify func(args *A, e *key.Encoder)

	// Outside says that inputs lie outside of the program, as a key.File does,
	// and may have changed since the call was identified. K is then the
	// key.Fingerprint of all inputs, all of them are verified, and a call for which that is
	// not so any more when it is made fails with an InputChangedError, too.
	Outside bool

	// Inputs tells of the inputs, for stores and for people: the name and the type of each,
	// as in the source, first those that EncodeWork writes, then the fields of A. Between
	// two of them, both functions call Encoder.Next. Secret has the names of those that are.
	// Nil: people are shown the fields of A.
	Inputs []string
	Secret []string

	Memory      bool   // the work is marked memory: a store is not used
	NotStorable string // why a store would not give results back as they were; "" when it does

	// NotRemote is why a worker elsewhere cannot execute a call, and what to do about it:
	// an argument would not get there as it was, or is a path of this machine. It is ""
	// when nothing speaks against it but what Memory, NotStorable and Options say.
	NotRemote string

	// Kinds tell a store how to write the types in results that are not walked field by
	// field, and ArgKinds how to write those in arguments that are sent to workers.
	Kinds    []kind.Kind
	ArgKinds []kind.Kind

	Options []Option // from the directive; options of the constructor win
}

// Code identifies the code of one work in durable keys, as the generator found it.
// Generated code declares one per work that can use a store, in workgen_code.go; it is
// not changed.
type Code = build.Code

// A Variable is one of a package that the linker can set.
type Variable = build.Variable

// Linked describes a variable by the name that the linker has for it, main.version, and the
// value that it has in the source. at is where it is, nil if generated code cannot tell. It is
// to be called when a package is initialised, before anything else writes there.
func Linked(name, source string, at unsafe.Pointer) Variable { return build.Linked(name, source, at) }

// Calls is the table of all calls of a runner: cache and single flight at once.
// All methods may be called concurrently.
//
// Hit and Run take the key, and its hash, that Spec.Identify returns: generated code
// computes both in place, where that takes less time. Equal keys must have equal hashes,
// and hashes should differ in all bits. A key that is given to Run is kept, so it must own
// its memory; Hit only looks at it.
type Calls[K comparable, A, R any] struct {
	// Read by every hit, and not near anything that is often written.
	table  table[K, R]
	runner *runner
	spec   Spec[K, A, R]
	weigh  func(R) int64 // of the user's; nil: memory counts
}

// NewCalls makes the table for a runner. It panics when the spec has no Name or
// no Execute, the work is nil, or an option is.
func NewCalls[K comparable, A, R any](spec Spec[K, A, R], opts ...Option) *Calls[K, A, R] {
	if spec.Name == "" || spec.Execute == nil {
		panic("runtime: NewCalls needs Name and Execute: set both in the Spec")
	}
	c := &Calls[K, A, R]{spec: spec}
	about := &about{
		name: spec.Name, schema: spec.Schema, code: spec.Code, work: spec.Work, options: spec.Options,
		encodeWork: spec.EncodeWork, encodable: spec.Encode != nil, inputs: spec.Inputs, secret: spec.Secret,
		verifies: spec.Verify != nil, outside: spec.Outside,
		memory: spec.Memory, notStorable: spec.NotStorable, kinds: spec.Kinds,
		notRemote: spec.NotRemote, argKinds: spec.ArgKinds,
		keepFor: spec.KeepFor != nil,
		table:   &c.table, args: (*A)(nil), result: (*R)(nil), identify: c.identifyAny, calls: c,
	}
	if spec.CloneResult != nil {
		about.clone = spec.CloneResult
	}
	c.runner = newRunnerOf(about, opts)
	c.weigh = weigher[R](&c.runner.config)
	return c
}

// Runner returns what a generated runner embeds.
func (c *Calls[K, A, R]) Runner() *Runner { return &c.runner.public }

// Hit returns the result of the call with this key if it has succeeded and is kept, and
// counts a hit. It returns nil otherwise, rarely also for a call that is there; Run or
// Start must follow then, which look again. It takes no lock, allocates nothing, and k
// does not escape.
//
// The result is the cache's own: generated code gives users a copy, made in place or by
// Copy.
func (c *Calls[K, A, R]) Hit(hash uint64, k *K) *R {
	// This is table.find written out, which saves the call.
	b := *c.table.buckets.Load()
	e := b[hash&uint64(len(b)-1)].Load()
	for e != nil && (e.call.node.hash != hash || e.key != *k) {
		e = e.next.Load()
	}
	if e == nil {
		if e = c.table.findMoving(hash, k); e == nil {
			return nil
		}
	}
	if state := e.call.node.state.Load(); state != uint32(Succeeded)|visited {
		if state != uint32(Succeeded) {
			return nil
		}
		// Only write what changes: a line that is just read stays in the
		// caches of all processors.
		e.call.node.visit()
	}
	c.runner.hits.Add()
	return &e.call.result
}

// Copy returns a copy of what Hit returned, for works with a CloneResult that calls
// methods of the user's: when one panics, the error is a PanicError.
func (c *Calls[K, A, R]) Copy(hit *R) (R, error) {
	return copied(c.runner, c.spec.CloneResult, hit)
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
	var zero R
	if inFlow(ctx) {
		call, u := c.startInFlow(ctx, hash, k, args, true)
		if u != nil {
			if err := c.runner.suspend(ctx, u); err != nil {
				return zero, err
			}
		}
		result, err := call.outcome()
		return result, passOf(ctx).rested(err)
	}
	parent := executionOf(ctx)
	e, u, made, err := c.findOrMake(ctx, hash, k, args, func(u *call) error { return u.addWaiter(parent) })
	if err != nil {
		return zero, err
	}
	if u == nil {
		return e.call.outcome()
	}
	if made {
		u.launch(ctx, true)
	}
	if err := u.await(ctx, parent); err != nil {
		return zero, err
	}
	return e.call.outcome()
}

// Start makes sure that the call with these arguments is made, and returns it without
// waiting: a kept call, an unfinished one, or a new one. Its rules are those of Run,
// except that until the call ends ctx itself is one of those for whom it is kept going,
// next to callers in Run and Wait.
//
// Start never returns nil. Where Run would have returned an error at once, the
// call is Stopped for that reason.
func (c *Calls[K, A, R]) Start(ctx context.Context, args A) *Call[R] {
	hash, k, encoder := c.spec.Identify(args)
	if c.spec.Outside {
		c.Reads(ctx, encoder, args)
	}
	if e := c.table.find(hash, &k); e != nil && c.runner.hit(&e.call.node) {
		release(encoder)
		return &e.call
	}
	if c.spec.CloneKey != nil {
		k = c.spec.CloneKey(k)
	}
	release(encoder)
	if inFlow(ctx) {
		call, _ := c.startInFlow(ctx, hash, k, args, false)
		return call
	}
	done, watch := ctx.Done(), false
	e, u, made, err := c.findOrMake(ctx, hash, k, args, func(u *call) error {
		watch = u.addStart(done)
		return nil
	})
	if err != nil {
		return c.refusal(err)
	}
	if made {
		u.launch(ctx, false)
	}
	if watch {
		u.watch(ctx, done)
	}
	return &e.call
}

// release releases the encoder of a key, if it has one.
func release(e *key.Encoder) {
	if e != nil {
		e.Release()
	}
}

// identify returns the key of a call, which does not refer to an encoder, and its hash.
func (c *Calls[K, A, R]) identify(args A) (uint64, K) {
	hash, k, encoder := c.spec.Identify(args)
	if encoder != nil {
		k = c.spec.CloneKey(k)
		encoder.Release()
	}
	return hash, k
}

// identifyAny is identify for what does not know the types: args points to an A.
func (c *Calls[K, A, R]) identifyAny(args any) (any, error) {
	_, k := c.identify(*args.(*A))
	return k, unkeyed(k)
}

// unkeyed returns why a key belongs to no inputs; nil when it does. Keys of
// plain inputs always do, and have no method Err.
func unkeyed(k any) error {
	if f, ok := k.(interface{ Err() error }); ok {
		return f.Err()
	}
	return nil
}

// refusal is a call that was never let in.
func (c *Calls[K, A, R]) refusal(err error) *Call[R] {
	h := new(Call[R])
	c.runner.refuse(&h.node, err)
	return h
}

// startInFlow is Start inside of a flow. It also returns the unfinished call, nil if the flow may
// take it for ended; see runner.startInFlow.
func (c *Calls[K, A, R]) startInFlow(ctx context.Context, hash uint64, k K, args A, waits bool) (*Call[R], *call) {
	handle, u, err := c.runner.startInFlow(ctx, k, &args, waits, flowCalls{
		func(ctx context.Context, join func(*call) error) (any, *call, bool, error) {
			e, u, made, err := c.findOrMake(ctx, hash, k, args, join)
			if err != nil {
				return nil, nil, false, err
			}
			return &e.call, u, made, nil
		},
		func() any {
			result, ok := c.Lookup(args)
			if !ok {
				return nil
			}
			return c.given(result)
		},
	})
	if err != nil {
		return c.refusal(err), nil
	}
	return handle.(*Call[R]), u
}

// given is a call that has succeeded, and that is in no table.
func (c *Calls[K, A, R]) given(result R) *Call[R] {
	h := &Call[R]{result: result}
	h.node.finished = stampOf(time.Now())
	h.node.call.Store(c.runner.succeeded)
	h.node.state.Store(uint32(Succeeded))
	return h
}

// findOrMake finds or makes the call with this key, and adds the caller by join, which is
// called under the lock, to those who are interested in it. u is nil for a hit; the caller
// has to launch a call that was made.
func (c *Calls[K, A, R]) findOrMake(ctx context.Context, hash uint64, k K, args A, join func(*call) error) (
	e *entry[K, R], u *call, made bool, err error,
) {
	ended := ctx.Err() // before the lock: contexts may be user code
	who, inLoop := callerOf(ctx)
	r := c.runner
	r.mu.Lock()
	if e = c.table.find(hash, &k); e != nil && e.call.node.isStale() {
		r.mu.Unlock()
		return c.refresh(ctx, ended, hash, &k, &args, join)
	}
	defer r.mu.Unlock()
	if e != nil {
		if u, err = r.join(&e.call.node, ended, join); u != nil {
			r.calledBy(who, inLoop)
		}
		return e, u, false, err
	}
	if err := r.mayMake(ended); err != nil {
		return nil, nil, false, err
	}
	e = &entry[K, R]{key: k} // as newCall does: a call of it would need more of the caller's stack
	n := &newCall[K, A, R]{values: pending[K, A, R]{calls: c, entry: e, args: args}}
	u = &n.call
	u.runner, u.values, u.node = r, &n.values, &e.call.node
	e.call.node.hash = hash
	u.unkeyed = unkeyed(&e.key)
	if err := join(u); err != nil {
		return nil, nil, false, err
	}
	if u.listed = u.unkeyed == nil && r.cacheCalls; u.listed {
		c.table.insert(e)
	}
	if u.unkeyed == nil {
		r.missed(hash)
	}
	r.admit(u)
	r.calledBy(who, inLoop)
	return e, u, true, nil
}

// newCall makes a call that nobody knows of.
func (c *Calls[K, A, R]) newCall(hash uint64, k K, args A) (*entry[K, R], *call) {
	e := &entry[K, R]{key: k}
	n := &newCall[K, A, R]{values: pending[K, A, R]{calls: c, entry: e, args: args}}
	u := &n.call
	u.runner, u.values, u.node = c.runner, &n.values, &e.call.node
	e.call.node.hash = hash
	return e, u
}

// Lookup returns a copy of the kept result of the call with these arguments, and
// whether there is one, here or in the store. It never executes and counts
// nothing, also not for the choice of what to evict.
func (c *Calls[K, A, R]) Lookup(args A) (R, bool) {
	hash, k := c.identify(args)
	e := c.table.find(hash, &k)
	if e == nil {
		// Look again where the table does not grow meanwhile.
		c.runner.mu.Lock()
		e = c.table.find(hash, &k)
		c.runner.mu.Unlock()
	}
	switch {
	case e != nil && e.call.node.status() == Succeeded && !c.runner.isTooOld(&e.call.node):
		result, err := e.call.outcome()
		return result, err == nil
	case c.runner.store != nil:
		p := &pending[K, A, R]{calls: c, args: args}
		ok := c.runner.stored(k, p)
		return p.res, ok
	}
	var none R
	return none, false // and the arguments have stayed where they were
}

// Forget makes the next call with these arguments execute anew, and reports whether
// there was one to forget, here or in the store. An unfinished call still serves
// those who wait for it, but is not kept, in whatever process it executes: it does
// not count in the store either. What the store has is deleted. Other processes drop
// what they keep in memory within about a second; until then their calls may be hits,
// and join an execution that is under way there.
func (c *Calls[K, A, R]) Forget(args A) bool {
	hash, k := c.identify(args)
	find := func() *node {
		if e := c.table.find(hash, &k); e != nil {
			return &e.call.node
		}
		return nil
	}
	return c.runner.forgetCall(hash, k, find, &pending[K, A, R]{calls: c, args: args})
}

// pending is what a call has of types until it has ended.
type pending[K comparable, A, R any] struct {
	_     [0]func() // nobody compares them
	calls *Calls[K, A, R]
	entry *entry[K, R] // nil where only the key of a call in the store is asked for, or its result
	args  A            // a copy that nobody else has
	res   R            // the result of the latest execution, or of the store
}

// newCall is a call with its values, allocated as one.
type newCall[K comparable, A, R any] struct {
	call   call
	values pending[K, A, R]
}

func (p *pending[K, A, R]) arguments() any { return &p.args }
func (p *pending[K, A, R]) result() any    { return &p.res }
func (p *pending[K, A, R]) handle() any    { return &p.entry.call }
func (p *pending[K, A, R]) identity() any  { return p.entry.key }
func (p *pending[K, A, R]) commit()        { p.entry.call.result = p.res }

func (p *pending[K, A, R]) bytes() int64 {
	spec := &p.calls.spec
	if weigh := p.calls.weigh; weigh != nil {
		return max(weigh(p.res), 0)
	}
	n := heapsize.Bytes(int(unsafe.Sizeof(*p.entry)))
	if spec.SizeKey != nil {
		n += spec.SizeKey(p.entry.key)
	}
	if spec.Size != nil {
		n += spec.Size(p.res)
	}
	return int64(n) + attributesBytes
}

func (p *pending[K, A, R]) lifetime() time.Duration {
	if f := p.calls.spec.KeepFor; f != nil {
		return f(p.res)
	}
	return 0
}

func (p *pending[K, A, R]) encode(e *key.Encoder, all bool) {
	spec := &p.calls.spec
	if spec.EncodeWork != nil {
		spec.EncodeWork(e)
		e.Next()
	}
	if all {
		spec.Encode(&p.args, e)
	} else if spec.Verify != nil {
		spec.Verify(&p.args, e)
	}
}

func (p *pending[K, A, R]) copyArguments() {
	if clone := p.calls.spec.CloneArgs; clone != nil {
		p.args = clone(p.args)
	}
}

func (p *pending[K, A, R]) copyOfArguments() any {
	args := p.args
	if clone := p.calls.spec.CloneArgs; clone != nil {
		args = clone(args)
	}
	return &args
}

func (p *pending[K, A, R]) copyResult() { p.res = p.calls.spec.CloneResult(p.res) }

func (p *pending[K, A, R]) execute(ctx context.Context) (err error) {
	args, spec := p.args, &p.calls.spec
	if spec.CloneArgs != nil && p.calls.runner.retry.Attempts > 1 {
		args = spec.CloneArgs(args) // what a body does to its own must not be seen by the next one
	}
	p.res, err = spec.Execute(ctx, args)
	return err
}

// EncodeRunner writes what stands for a runner that is an input of another work: the name of
// its own work, what identifies types, code and build, the options that decide what it
// returns: whether calls are cached and for how long (results, also those that have expired, and
// errors), when they time out, and how often they are tried; and the fields of the work that are
// inputs. Of a runner that was never made, and of one that the encoding is inside of already, there
// are none.
//
// Limits, loggers, tracers and stores are no part of it: they do not change what a
// call returns.
func (c *Calls[K, A, R]) EncodeRunner(e *key.Encoder) {
	if c == nil {
		e.Nil()
		return
	}
	c.runner.encodeRunner(e)
}

// Key returns the durable key of a call.
func (c *Calls[K, A, R]) Key(args A) key.Key {
	return c.runner.keyOf(&pending[K, A, R]{calls: c, args: args})
}
