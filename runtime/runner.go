package runtime

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/internal/counter"
	"github.com/workgen/workgen/runtime/internal/notify"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/kind"
)

// Runner is the part of a runner that does not depend on the types of its work.
// Generated runners embed it. All methods may be called concurrently.
//
// Runners are made by the constructors that are generated; the zero Runner is
// of no use.
type Runner struct{ r *runner }

// Name returns the work's full name: import path, dot, type name, unless the
// option Name says otherwise.
func (r *Runner) Name() string { return r.r.name }

// Stats returns the counters and gauges of this moment.
func (r *Runner) Stats() Stats { return r.r.Stats() }

// Status returns the status of the latest call that was made: of the latest
// request that was no hit. Its Status is NotStarted before the first one.
func (r *Runner) Status() CallStatus { return r.r.Status() }

// History returns the latest calls that were made, finished or not, oldest
// first: as many as the option [History] says, each with its status of now.
func (r *Runner) History() []CallStatus { return r.r.History() }

// ForgetAll forgets every call: what was kept is gone, and unfinished calls
// still serve those who wait for them, but are not kept. What the store has of the
// work is deleted, too, and other processes drop it from memory within about a second.
// Equal calls made afterwards execute anew. What other processes execute for the first
// time meanwhile counts, for the store does not list it.
func (r *Runner) ForgetAll() { r.r.ForgetAll() }

// Close stops all unfinished calls, refuses further executions with ErrClosed,
// and waits until every body has returned. When ctx ends before that, an error
// that wraps ctx.Err() says how many still run. Closing again waits again.
//
// What was kept is still served; ForgetAll drops that, too. A body must not close
// its own runner with a context that never ends: it would wait for itself.
func (r *Runner) Close(ctx context.Context) error { return r.r.Close(ctx) }

// runner is what a Runner is. It is another type since whatever methods a Runner has, the
// compiler makes wrappers of for each generated runner that embeds it.
type runner struct {
	public Runner

	config
	schema            string             // of the work, as in its Spec
	code              *Code              // likewise
	scope             string             // what stands for the code in keys: code.Scope()
	build             *build.Reporter    // what counts in durable keys of the running program; may be nil
	result            reflect.Type       // of the work
	codec             store.Codec        // of the store, for results of the work; nil without one
	work              any                // as in its Spec
	encode            func(*key.Encoder) // likewise: EncodeWork
	inputs            []argument         // of the work, in the order of their encoding; empty: nothing is known of them
	secret            bool               // some of them are secret
	outside, verifies bool               // all inputs, or some, are compared with what they were before an execution
	clone             any                // func(R) R, that makes a caller's own copy of a result; nil: results hold no references
	made              time.Time

	hits      counter.Counter // those that found their way without mu
	table     entries
	succeeded *call           // what all kept results have in common; see node
	notifier  notify.Notifier // of the latest changes
	warning   sync.Once       // of unkeyed calls

	mu         sync.Mutex // guards all below, the table's writers, and every unfinished call
	kept       sieve
	expiry     expiry
	durable    map[*node]key.Key // of those that are kept and that the store has, if it says what was deleted; else nil
	unfinished map[*call]struct{}
	slots      slots
	stats      Stats  // without what is computed when asked for
	calls      uint64 // calls made: the number of the latest one
	history    history
	closed     bool
	guarded    bool          // a timer looks for calls that do not end
	idle       chan struct{} // closed when the last body returns; nil unless Close waits

	storeDigests []byte // the key of the store for digests of secret inputs; nil: not read yet

	storeWarned time.Time   // when a store was last complained about
	silent      time.Time   // since when the store does not answer; zero when it does
	wasSilent   atomic.Bool // silent is not zero
}

// entries is the table of a runner, whatever it holds. The runner's mutex is held.
type entries interface {
	unlink(n *node) bool
	at(hash, number uint64) *node
	resultOf(n *node) any
	reset()
}

// about is what a Spec says that does not depend on the types of the work.
type about struct {
	name, schema   string
	code           *Code
	work           any
	encodeWork     func(*key.Encoder)
	encodable      bool // there is Encode
	inputs, secret []string
	verifies       bool // there is Verify
	outside        bool
	memory         bool
	notStorable    string
	kinds          []kind.Kind
	options        []Option

	table  entries
	result any // pointer to one
	clone  any // CloneResult; nil when there is none
}

// newRunnerOf makes the runner of a work.
func newRunnerOf(w *about, opts []Option) *runner {
	if w.work != nil && reflect.ValueOf(w.work).IsNil() {
		panic("runtime: the work is nil: give the constructor of " + w.name + " one")
	}
	r := newRunner(newConfig(w.name, w.options, opts))
	r.schema, r.code, r.scope, r.build = w.schema, w.code, w.code.Scope(), w.code.Reporter()
	r.work, r.encode, r.inputs, r.secret = w.work, w.encodeWork, inputsOf(w.inputs, w.secret), len(w.secret) > 0
	r.outside, r.verifies = w.outside, w.outside || w.verifies || w.encodeWork != nil
	r.table, r.result = w.table, reflect.TypeOf(w.result).Elem()
	r.clone = w.clone
	r.table.reset()
	r.openStore(w)
	return r
}

func newRunner(c config) *runner {
	r := &runner{
		config:     c,
		made:       time.Now(),
		slots:      slots{limit: c.concurrency},
		history:    history{limit: c.history},
		unfinished: map[*call]struct{}{},
	}
	r.public.r = r
	r.succeeded = &call{runner: r, done: closedChan}
	enlist(&r.public)
	return r
}

func (r *runner) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Hits += r.hits.Sum()
	return s
}

func (r *runner) Status() CallStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.of(r.calls)
}

func (r *runner) History() []CallStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.list(r.calls)
}

func (r *runner) ForgetAll() {
	r.forgetKept()
	if r.store != nil {
		r.forgetAllStored()
		r.forgetKept()
	}
	forgetFailures(func(id callKey, _ uint64) bool { return id.runner == r })
}

// forgetKept forgets what is kept, and leaves unfinished calls without a place in the
// table, so that they are not kept when they end.
func (r *runner) forgetKept() {
	r.mu.Lock()
	r.dropAll(Forgotten)
	unfinished := make([]*call, 0, len(r.unfinished))
	for c := range r.unfinished {
		c.forgotten, c.listed = true, false
		unfinished = append(unfinished, c)
	}
	r.table.reset()
	r.mu.Unlock()
	for _, c := range unfinished {
		c.giveBack()
	}
}

func (r *runner) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	unfinished := make([]*call, 0, len(r.unfinished))
	for c := range r.unfinished {
		unfinished = append(unfinished, c)
	}
	r.mu.Unlock()

	reason := fmt.Errorf("work %s: %w: %w", r.name, ErrStopped, ErrClosed)
	for _, c := range unfinished {
		c.stop(reason)
	}
	select {
	case <-r.idleNow():
		return nil
	default: // so that bodies that have returned win over a ctx that has ended
	}
	select {
	case <-r.idleNow():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close runner of work %s: %d executions ignore that their context has ended: %w",
			r.name, r.Stats().InFlight, ctx.Err())
	}
}

// idleNow returns a channel that is closed when no body runs.
func (r *runner) idleNow() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stats.InFlight == 0 {
		return closedChan
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	return r.idle
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// runners are those that were made and not collected since, oldest first. It
// keeps none of them alive.
var runners struct {
	mu   sync.Mutex
	all  []weak.Pointer[Runner]
	tidy int // length at which those that were collected are looked for
}

// minTidy is how many runners a process has at least before any is looked for.
const minTidy = 64

// enlist makes a new runner one of those that Runners returns.
func enlist(r *Runner) {
	runners.mu.Lock()
	defer runners.mu.Unlock()
	if len(runners.all) >= max(runners.tidy, minTidy) {
		left := runners.all[:0]
		for _, p := range runners.all {
			if p.Value() != nil {
				left = append(left, p)
			}
		}
		clear(runners.all[len(left):])
		runners.all = left
		runners.tidy = 2 * len(left)
	}
	runners.all = append(runners.all, weak.Make(r))
}

// Runners returns the runners of this process that are in use, or were until a
// moment ago, in the order in which they were made. It is for programs that show
// what is going on, such as those of package app.
func Runners() []*Runner {
	runners.mu.Lock()
	defer runners.mu.Unlock()
	out := make([]*Runner, 0, len(runners.all))
	for _, p := range runners.all {
		if r := p.Value(); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// Stats counts what a runner did since it was made. Counters only grow; gauges
// tell of the moment.
//
// Every Run and Start is counted in exactly one of the first four, so
//
//	Hits + Misses + Joined + Refused = calls of Run and Start
//	Misses = Successes + Errors + Stops + unfinished calls
//
// hold whenever no call is just being made. Lookup, Wait and Result are not
// counted.
type Stats struct {
	Hits    int64 // answered at once with what was kept: a result, or an error under CacheErrors
	Misses  int64 // made a new call
	Joined  int64 // found an equal call unfinished, and waited for it
	Refused int64 // not a hit, and not let in: context already ended, runner closed, or a cycle

	Unkeyed int64 // of those missed or refused: calls whose inputs could not be encoded, so that nothing is kept

	Stored      int64 // of those missed: calls whose result was in the store, so that nothing executed
	StoreErrors int64 // what a store could not do

	Executions int64 // bodies that began
	Retries    int64 // bodies that failed and will begin again, if nothing ends the call before
	Successes  int64 // calls that succeeded
	Errors     int64 // calls that failed: by error, panic, Goexit, timeout or changed input
	Panics     int64 // bodies that panicked, also when their call had ended before
	Timeouts   int64 // calls that failed by Timeout
	Stops      int64 // calls that were stopped

	Evictions   int64 // kept results and errors that made room for others
	Expirations int64 // kept results and errors whose time was over

	InFlight int // gauge: bodies that have begun and not returned, deaf ones included
	Pending  int // gauge: calls that were made and whose body has not begun
	Entries  int // gauge: results and errors kept

	ExecutionTime time.Duration // sum over the bodies that returned, waiting for nested calls included
}

// encodeRunner writes what stands for a runner; see Calls.EncodeRunner.
func (r *runner) encodeRunner(e *key.Encoder) {
	if !key.Enter(e, r) {
		return
	}
	e.String(r.name)
	e.String(r.schema)
	e.String(r.scope)
	e.String(r.build.Build().Sum)
	e.Bool(r.cacheCalls)
	e.Int64(int64(r.ttl))
	e.Int64(int64(r.cacheErrors))
	e.Int64(int64(r.timeout))
	e.Int(r.retry.Attempts)
	if r.encode != nil {
		r.encode(e)
	}
	e.Leave()
}
