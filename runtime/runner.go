package runtime

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/internal/alive"
	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/internal/counter"
	"github.com/workgen/workgen/runtime/internal/deadline"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/hook"
	"github.com/workgen/workgen/runtime/internal/notify"
	"github.com/workgen/workgen/runtime/internal/ring"
	"github.com/workgen/workgen/runtime/internal/sieve"
	"github.com/workgen/workgen/runtime/internal/slots"
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
func (r *Runner) Stats() Stats {
	in := r.r
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.stats
	s.Hits += in.hits.Sum()
	s.Ignoring = len(in.ignores(nil))
	s.Paused = in.slots.Held() && !in.closed
	if in.store != nil {
		s.StoreErrors = in.store.Failures()
	}
	return s
}

// Status returns the status of the latest call that was made: of the latest
// request that was no hit. Its Status is NotStarted before the first one.
func (r *Runner) Status() CallStatus {
	in := r.r
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.statusOf(in.history.Last())
}

// History returns the latest calls that were made, finished or not, oldest
// first: as many as the option [History] says, each with its status of now.
func (r *Runner) History() []CallStatus {
	in := r.r
	in.mu.Lock()
	defer in.mu.Unlock()
	list := []CallStatus{}
	for _, m := range in.history.All() {
		list = append(list, m.status())
	}
	return list
}

// ForgetAll forgets every call: what was kept is gone, and unfinished calls
// still serve those who wait for them, but are not kept. What the store has of the
// work is deleted, too, and other processes drop it from memory within about a second.
// Equal calls made afterwards execute anew. What other processes execute for the first
// time meanwhile counts, for the store does not list it.
func (r *Runner) ForgetAll() {
	in := r.r
	in.forgetKept()
	if in.store != nil {
		in.store.DeleteAll(context.Background())
		in.forgetKept()
	}
	forgetFailures(func(id callKey, _ failure) bool { return id.runner == in })
}

// Pause lets no body of the work begin until Resume. What is kept is still served, and what the
// store has; equal calls are joined. Other calls stay [Pending], those that are to be retried
// and those whose body was just to begin included. They can be stopped, and Close ends them.
// Bodies that run go on. Pausing again changes nothing.
func (r *Runner) Pause() { r.r.setPaused(true) }

// Resume ends [Runner.Pause]. Calls then begin in the order they came; those that could not
// begin after they had got a slot come last.
func (r *Runner) Resume() { r.r.setPaused(false) }

func (r *runner) setPaused(paused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if paused {
		r.slots.Hold()
	} else if !r.closed {
		r.slots.Release()
	}
	r.notifier.Notify()
}

// Close stops all unfinished calls, refuses further executions with ErrClosed,
// and waits until every body has returned. When ctx ends before that, an error
// that wraps ctx.Err() says how many still run. Closing again waits again.
//
// What was kept is still served; ForgetAll drops that, too. A body must not close
// its own runner with a context that never ends: it would wait for itself.
func (r *Runner) Close(ctx context.Context) error {
	in := r.r
	in.mu.Lock()
	in.closed = true
	in.slots.Hold() // what is still to be stopped does not begin meanwhile
	unfinished := slices.Collect(maps.Keys(in.unfinished))
	in.mu.Unlock()

	for _, c := range unfinished {
		c.stop(fmt.Errorf("%w: %w", ErrStopped, ErrClosed), nil)
	}
	select {
	case <-in.idleNow():
		return nil
	default: // so that bodies that have returned win over a ctx that has ended
	}
	select {
	case <-in.idleNow():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close runner of work %s: %d executions ignore that their context has ended: %w",
			in.name, r.Stats().InFlight, ctx.Err())
	}
}

// runner is what a Runner is. It is another type since whatever methods a Runner has, the
// compiler makes wrappers of for each generated runner that embeds it.
type runner struct {
	public Runner

	config
	schema            string                      // of the work, as in its Spec
	code              *Code                       // likewise
	scope             string                      // what stands for the code in keys: code.Scope()
	build             *build.Reporter             // what counts in durable keys of the running program; may be nil
	args, result      reflect.Type                // of the work
	argKinds          []kind.Kind                 // how a store writes the arguments
	calls             any                         // *Calls
	store             *durable.Store              // nil when none is used
	argCodec          func() (store.Codec, error) // for arguments in the store; nil when none is used
	workers           elsewhere                   // who executes its calls; nil: it does so itself
	encode            func(*key.Encoder)          // EncodeWork of the Spec
	inputs            *arguments.Inputs           // of the work
	secret            bool                        // some of them are; package preview reads it, too
	outside, verifies bool                        // all inputs, or some, are compared with what they were before an execution
	hooked            []hook.Execute              // of tests: what they do instead of the body, or around it
	notRemote         string                      // why no worker elsewhere executes a call, and what to do about it; "" when one can
	clone             any                         // func(R) R, that makes a caller's own copy of a result; nil: results hold no references
	made              time.Time

	hits      counter.Counter // those that found their way without mu
	table     entries
	succeeded *call           // what all kept results have in common; see node
	notifier  notify.Notifier // of the latest changes
	warning   sync.Once       // of unkeyed calls

	mu            sync.Mutex            // guards all below, the table's writers, and every unfinished call
	kept          sieve.List[*node]     // every call that is kept and not pinned, in the order they finished
	pinned        map[*node]int         // those that loops want to be kept: by how many
	expiry        deadline.Queue[*node] // those that expire, by time since made: the clock cannot be set
	armed         time.Duration         // when the timer for the first of them fires; 0: there is none
	attributes    map[*node]attributes  // of those that are kept and have any
	counted       *atomic.Int64         // what all runners of the process count of the bytes kept here; nil before there are any
	ghosts        ghosts                // calls that are not kept any more
	heedsDeletes  bool                  // the store says what was deleted
	unfinished    map[*call]struct{}
	renewals      map[uint64]*call        // those of them that are Again and not in the table, by hash
	replaced      map[key.Key]replacement // of late, by those, in the store
	slots         slots.Queue
	seeks         seeks                 // calls that are to be looked for in the store
	stats         Stats                 // without what is computed when asked for
	history       ring.Ring[remembered] // numbers the calls
	callers       []Caller              // who was seen to call
	closed        bool
	ignoring      map[*execution]*ignoring // whose bodies run although their contexts have ended; nil: there is none
	ignoringTimer *time.Timer              // looks at those; nil: there is none
	guarded       bool                     // a timer looks for calls that do not end
	idle          chan struct{}            // closed when the last body returns; nil unless Close waits
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
	notRemote      string
	argKinds       []kind.Kind
	options        []Option

	table    entries
	args     any  // pointer to some
	result   any  // pointer to one
	clone    any  // CloneResult; nil when there is none
	keepFor  bool // there is KeepFor
	identify func(args any) (any, error)
	calls    any // the *Calls
}

// newRunnerOf makes the runner of a work.
func newRunnerOf(w *about, opts []Option) *runner {
	if w.work != nil && reflect.ValueOf(w.work).IsNil() {
		panic("runtime: the work is nil: give the constructor of " + w.name + " one")
	}
	r := newRunner(newConfig(w.name, w.options, opts))
	r.schema, r.code, r.scope, r.build = w.schema, w.code, w.code.Scope(), w.code.Reporter()
	r.encode, r.inputs, r.secret = w.encodeWork, arguments.New(w.work, w.inputs, w.secret), len(w.secret) > 0
	r.outside, r.verifies = w.outside, w.outside || w.verifies || w.encodeWork != nil
	r.table, r.args, r.result = w.table, reflect.TypeOf(w.args).Elem(), reflect.TypeOf(w.result).Elem()
	r.clone, r.notRemote, r.argKinds, r.calls = w.clone, r.whyLocal(w), w.argKinds, w.calls
	r.table.reset()
	if r.hooks != nil {
		r.install(hook.Work{Name: r.name, Work: w.work, Args: r.args, Result: r.result, Identify: w.identify})
	}
	r.openStore(w)
	if r.queue != nil && r.ages() {
		panic("runtime: work " + r.name + " has RefreshAfter or StaleIfError, and WithWorkers: workers execute what has no result only, so leave out one or the other")
	}
	if r.useWorkers != nil {
		r.useWorkers(r)
	}
	return r
}

func newRunner(c config) *runner {
	r := &runner{
		config:     c,
		made:       time.Now(),
		slots:      slots.New(c.concurrency),
		history:    ring.New[remembered](c.history),
		unfinished: map[*call]struct{}{},
		attributes: map[*node]attributes{},
	}
	r.public.r = r
	r.kept.Hits = func() int64 { return r.stats.Hits + r.hits.Sum() }
	r.succeeded = &call{runner: r, done: closedChan}
	runners.Add(&r.public)
	return r
}

// forgetKept forgets what is kept, and leaves unfinished calls without a place in the
// table, so that they are not kept when they end.
func (r *runner) forgetKept() {
	r.mu.Lock()
	r.dropAll(Forgotten)
	leases := make([]*durable.Lease, 0, len(r.unfinished))
	for c := range r.unfinished {
		c.forgotten, c.listed = true, false
		leases = append(leases, c.lease)
	}
	clear(r.renewals)
	r.table.reset()
	r.mu.Unlock()
	for _, l := range leases {
		l.GiveBack()
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

// runners are those that were made and not collected since.
var runners alive.List[Runner]

// Runners returns the runners of this process that are in use, or were until a
// moment ago, in the order in which they were made. It is for programs that show
// what is going on, such as those of package app.
func Runners() []*Runner { return runners.All() }

// Stats counts what a runner did since it was made. Counters only grow; gauges
// tell of the moment.
//
// Every Run and Start is counted in exactly one of the first four, so
//
//	Hits + Misses + Joined + Refused = calls of Run and Start + Refreshes
//	Misses = Successes + Errors + Stops + unfinished calls
//
// hold whenever no call is just being made. Lookup, Wait and Result are not
// counted.
type Stats struct {
	Hits    int64 // answered at once with what was kept: a result, or an error: see CacheErrors
	Misses  int64 // made a new call
	Joined  int64 // found an equal call unfinished, and waited for it
	Refused int64 // not a hit, and not let in: context already ended, runner closed, or a cycle

	Unkeyed int64 // of those missed or refused: calls whose inputs could not be encoded, so that nothing is kept

	Stored      int64 // of those missed: calls whose result, or error, was in the store, so that nothing executed
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
	TooLarge    int64 // results that were not kept, since MaxBytes is less than they take

	// Of those missed, what became of the result, or error, that had been kept. As many as are kept
	// at once are remembered, about, and what was known longer ago counts for none of these.
	MissesEvicted   int64 // it made room for others
	MissesExpired   int64 // its time was over
	MissesForgotten int64 // by Forget or ForgetAll, here or elsewhere

	Refreshes int64 // of those missed: made by a hit, to refresh what it was given
	Stale     int64 // calls that failed, and whose waiting callers got what was kept: see StaleIfError

	Paused   bool // by [Runner.Pause]: no body begins
	InFlight int  // gauge: bodies that have begun and not returned, deaf ones included
	Ignoring int  // gauge: those of them whose contexts ended five seconds ago, or earlier; see [Inspection.Ignoring]
	Pending  int  // gauge: calls that were made and whose body has not begun
	Entries  int  // gauge: results and errors kept

	Bytes int64 // gauge: memory that they take; 0 unless there is a bound, see MaxBytes

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
	e.Int64(int64(r.staleIfError))
	errors := int64(r.cacheErrors)
	if r.errorLifetime != nil {
		errors = -1 // nobody knows what it says
	}
	e.Int64(errors)
	e.Int64(int64(r.timeout))
	e.Int(r.retry.Attempts)
	if r.encode != nil {
		r.encode(e)
	}
	e.Leave()
}
