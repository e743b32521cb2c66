package runtime

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/workgen/workgen/runtime/internal/hook"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// DefaultMaxEntries is how many results a runner keeps unless [MaxEntries] says
// otherwise.
const DefaultMaxEntries = 65_536

// DefaultHistory is how many calls a runner remembers the history of, unless
// [History] says otherwise.
const DefaultHistory = 100

// Option sets one property of a runner. Options are given to a runner's
// constructor, where they win over the work's directive; of two equal ones the
// last wins. Except for [CacheCalls], the zero value of an option restores the
// default, so that a constructor can undo a directive.
//
// A value that makes no sense panics where the option is made, for it is a
// mistake in the program and the stack then shows its line.
type Option interface{ apply(*config) }

type config struct {
	name        string
	cacheCalls  bool
	ttl         time.Duration
	maxEntries  int
	maxBytes    int64 // 0: no bound
	weigh       any   // func(R) int64; nil: memory counts
	timeout     time.Duration
	retry       RetryPolicy
	history     int
	concurrency int
	pool        *Pool       // nil: none
	limiter     RateLimiter // nil: none
	cacheErrors time.Duration

	errorLifetime func(error) ErrorLifetime // nil: cacheErrors counts for all

	refreshAfter time.Duration // 0: nothing is refreshed
	staleIfError time.Duration
	jitter       float64

	logger   *slog.Logger // nil: slog.Default() when something is logged
	tracer   Tracer       // nil: none
	backend  store.Store  // nil: none
	override override     // of the use of store

	storeTimeout   time.Duration // 0: ten seconds
	onStoreFailure StoreFailure
	strictLease    bool
	maxPending     int // 0: no bound
	maxStored      int // 0: no bound
	keepArguments  bool

	queue      queue.Queue   // to workers; nil: none
	useWorkers func(*runner) // sets workers of the runner, if there is a queue; nil: WithWorkers was not used
	workerPool string        // of the workers
	localAfter time.Duration
	maxTasks   int // of the work, at once; 0: no bound

	hooks []hook.Hook // of tests
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// newConfig applies the directive's options, then the constructor's.
func newConfig(name string, directive, constructor []Option) config {
	c := config{cacheCalls: true}
	for _, opts := range [][]Option{directive, constructor} {
		for i, o := range opts {
			if o == nil {
				panic(fmt.Sprintf("runtime: option %d of work %s is nil: leave it out", i, name))
			}
			o.apply(&c)
		}
	}
	if c.name == "" {
		c.name = name
	}
	if c.history == 0 {
		c.history = DefaultHistory
	}
	if c.maxEntries == 0 {
		c.maxEntries = DefaultMaxEntries
	}
	return c
}

// CacheCalls(false) makes every call execute: nothing is kept, and equal calls
// do not share an execution. The default is true.
func CacheCalls(cache bool) Option {
	return optionFunc(func(c *config) { c.cacheCalls = cache })
}

// Name replaces the work's full name in statuses, errors and logs.
// Empty, the default, is import path, dot, type name. It is part of durable keys: two works
// of one name may get each other's results, so the second one with a store is warned of.
func Name(name string) Option {
	return optionFunc(func(c *config) { c.name = name })
}

// TTL makes results expire when d has passed since their execution finished.
// Zero, the default, keeps them until they are evicted or forgotten. A negative
// d panics.
//
// The time is that of the process's monotonic clock, which neither setting the
// wall clock nor, on most systems, a suspended machine moves on. A hit reads no
// clock: a timer removes what has expired, so a result may be served for as
// long as that timer is late (usually well below a millisecond). In a
// testing/synctest bubble it is exact, if the runner is made inside the bubble.
func TTL(d time.Duration) Option {
	atLeastZero("TTL", d, "use 0 for results that never expire")
	return optionFunc(func(c *config) { c.ttl = d })
}

// A Perishable is a result that has a say in how long it is kept, as a token has that
// expires, or a page that was sent with a header Cache-Control. The generator looks for the
// method when it generates, so generate again after adding it, and have the compiler check
// its name:
//
//	var _ runtime.Perishable = Page{}
//
// It is looked for on the types that Run returns, as they are declared there, and not on
// what is inside of them. Promoted methods count, and those of a pointer to the type. Of an
// interface it has to be a method; a type behind it is not asked.
type Perishable interface {
	// KeepFor is called when an execution has returned the result without an error. Zero
	// keeps it as long as [TTL] says. Above zero, it expires when that time has passed since
	// its execution finished, whatever TTL says, and with [Jitter] a little earlier. Below zero,
	// it is not kept: those who wait for the call get it, and the next call executes.
	//
	// A nil pointer or interface is not asked, which is as zero. Of several results of one
	// call the shortest time counts that is not zero. It may be called concurrently, and a panic
	// fails the call with a [PanicError].
	KeepFor() time.Duration
}

// MaxEntries bounds how many results (and errors: see [CacheErrors]) are kept;
// unfinished calls do not count. When one more finishes, one that was not hit
// lately is evicted, chosen by SIEVE. Zero restores [DefaultMaxEntries], a
// negative n panics.
//
// Of more calls than that, in turn, again and again, a part is found each time: at most as many as
// are kept. Stats.Evictions shows it; give it as many entries as there are calls.
func MaxEntries(n int) Option {
	atLeastZero("MaxEntries", n, "use CacheCalls(false) to keep nothing")
	return optionFunc(func(c *config) { c.maxEntries = n })
}

// Timeout ends an execution d after its body began: its callers are released
// with a [TimeoutError] at once and its context is cancelled. Time spent waiting
// for a slot does not count. Zero, the default, sets none; a negative d panics.
//
// Go cannot end a goroutine: a body that ignores its context goes on, keeps its
// slot and is counted in flight until it returns. What it returns is dropped. The log tells of
// it after five seconds, and [Inspection.Ignoring] lists it.
func Timeout(d time.Duration) Option {
	atLeastZero("Timeout", d, "use 0 for no timeout")
	return optionFunc(func(c *config) { c.timeout = d })
}

// Concurrency lets at most n bodies run at once; further calls are Pending and
// take turns in the order they came. Zero, the default, sets no limit; a
// negative n panics.
//
// While a body waits for another call with its own context, it gives its slot
// back, and takes one again, before those Pending, to go on. A body that waits
// in several goroutines counts as waiting until the last of them is through.
func Concurrency(n int) Option {
	atLeastZero("Concurrency", n, "use 0 for no limit")
	return optionFunc(func(c *config) { c.concurrency = n })
}

// MaxPending bounds how many calls of a runner may be unfinished at once: further ones,
// that are no hits and join none of them, are refused with an error that wraps [ErrBusy]; a flow
// waits for room. It is for callers who are strangers, such as the clients of a server. Zero,
// the default, sets no bound; a negative n panics.
func MaxPending(n int) Option {
	atLeastZero("MaxPending", n, "use 0 for no bound")
	return optionFunc(func(c *config) { c.maxPending = n })
}

// CacheErrors keeps errors for d after their execution finished: equal calls
// get the same error and do not execute. Zero, the default, keeps none; a
// negative d panics.
//
// Never kept are errors that tell of the moment and not of the arguments:
// cancellation, timeouts, panics, changed inputs, inputs that could not be
// encoded, cycles, also wrapped ones.
//
// It is short for a [CacheErrorsFunc] that answers the same for all errors, and no store keeps
// them. Of the two options the last wins.
func CacheErrors(d time.Duration) Option {
	atLeastZero("CacheErrors", d, "use 0 to keep no errors")
	return optionFunc(func(c *config) { c.cacheErrors, c.errorLifetime = d, nil })
}

// History sets how many of the latest calls [Runner.History] tells of. Zero
// restores [DefaultHistory], a negative n panics.
func History(n int) Option {
	atLeastZero("History", n, "use 1 for the latest call only")
	return optionFunc(func(c *config) { c.history = n })
}

// WithLogger sets where panics of works, and what a runner has to say, are logged. Nil, the
// default, is slog.Default() at the time of logging.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) { c.logger = l })
}

// atLeastZero panics, naming the option, its value and the fix.
func atLeastZero[N int | int64 | time.Duration](option string, n N, fix string) {
	if n < 0 {
		panic(fmt.Sprintf("runtime: %s(%v): must not be negative: %s", option, n, fix))
	}
}
