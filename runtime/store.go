package runtime

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/internal/sources"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// WithStore keeps results in a store too: a call is looked for there before it
// executes, and its result is put there before anybody gets it. Equal calls
// execute once for all that use the store, in this process and in others. Nil, the
// default, is no store.
//
// A constructor panics when it is given a store and results of the work would not
// come back equal; the message names the field. Works marked memory make no use of
// the store, nor do runners with CacheCalls(false).
//
// Where the sources that the program was built from are on disk, they are compared with
// what workgen saw. If go generate was forgotten, that is logged, and stored results count
// for the running build of the program only.
//
// Results that cannot be read are executed, and those that cannot be written, because
// of a value that would not come back equal or a method that panics, are only kept in
// the process. Both are logged, at most every ten seconds, and counted in
// Stats.StoreErrors. While a store does not answer, calls wait for it, which is logged
// once, and again when it is over; see [StoreTimeout] and [OnStoreFailure] for how long,
// and what happens then. A store is not closed by its runners.
//
// Every execution is one in the history of the store, with its error, the last lines that it
// logged, how far it came, and where it panicked. One whose process died is lost, and its
// call executes again: at once, or as [Retry] says.
//
// The failure of an execution that is not retried goes to all who wait for it when it ends:
// elsewhere, in another process or runner, they get a [RemoteError]. Who asks later executes
// anew, unless the call was given up, or the store keeps its error ([CacheErrorsFunc]). The context of a body whose lease another execution
// has taken over ends with [ErrLeaseLost], and the call takes the other's result; see
// [StrictLease].
//
// The environment variable WORKGEN_CACHE overrides the use of all stores:
//
//	off      nothing is read from stores, or put there
//	read     results are read from stores, and those that are computed are not put there
//	refresh  what stores have is forgotten, executed anew, and replaced
//	only     nothing executes: what stores do not have is a MissError
//
// Works of two processes, or of two runners of one work, that wait for each other's
// leases in a cycle wait until one of them is stopped: a CycleError does not see
// through leases.
func WithStore(s store.Store) Option {
	return optionFunc(func(c *config) { c.backend = s })
}

// MaxStored bounds what the store keeps of the work, of all processes together: the newest n results,
// and of the executions that have no result, or none any more, the newest n records. It is for works
// whose arguments strangers choose, which would crowd other works out, or grow the store without end.
// What is too many goes when a tenth of n is new, so there may be a little more for a while: results are
// evicted from the store, and stay in memory; records go from its history. With its record go an error
// that the store keeps ([CacheErrorsFunc]) and a time to retry, so the call executes anew when somebody
// asks for it. What runs stays.
//
// Zero, the default, leaves it to the store, which has bounds of its own; a negative n panics. Without a
// store it changes nothing.
func MaxStored(n int) Option {
	atLeastZero("MaxStored", n, "use 0 for no bound")
	return optionFunc(func(c *config) { c.maxStored = n })
}

// override is what WORKGEN_CACHE says.
type override uint8

const (
	useCache override = iota
	readCache
	refreshCache
	onlyCache
)

// cacheVariable is the name of the environment variable.
const cacheVariable = "WORKGEN_CACHE"

// MissError is what a call gets that a store has no result of, when the
// environment variable WORKGEN_CACHE is "only".
type MissError struct {
	Work string  // full name of the work
	Key  key.Key // zero when the inputs could not be encoded
}

func (e *MissError) Error() string {
	if e.Key == (key.Key{}) {
		return fmt.Sprintf("work %s: its inputs cannot be keyed, and "+cacheVariable+"=only lets nothing execute", e.Work)
	}
	return fmt.Sprintf("work %s: the store has no result for key %s, and "+cacheVariable+"=only lets nothing execute", e.Work, e.Key)
}

// openStore decides whether a runner uses the store that it was given.
func (r *runner) openStore(w *about) {
	if r.backend == nil || w.memory || !r.cacheCalls {
		return
	}
	codec := r.storable(w)
	switch value := os.Getenv(cacheVariable); value {
	case "":
	case "off":
		return
	case "read":
		r.override = readCache
	case "refresh":
		r.override = refreshCache
	case "only":
		r.override = onlyCache
	default:
		panic(fmt.Sprintf("runtime: %s=%q: use off, read, refresh or only, or unset it", cacheVariable, value))
	}
	ttl := r.ttl
	if w.keepFor {
		ttl = 0 // the record says what the result has said
	}
	r.store = &durable.Store{
		Store: r.backend, Work: r.name, Schema: r.schema, Codec: codec, TTL: ttl,
		Limit: cmp.Or(r.storeTimeout, 10*time.Second), Block: r.onStoreFailure == BlockOnStoreFailure,
		Strict: r.strictLease, MaxResults: r.maxStored, Log: r.logAt,
	}
	if r.outdated(r.code) {
		r.build = build.Binary.Reporter()
	}
	r.argCodec = sync.OnceValues(r.argumentsCodec)
	r.inputs.Use(r.backend)
	r.named(w.name)
	r.heed()
}

// storable returns the codec for results. It panics if the work cannot use a store.
func (r *runner) storable(w *about) store.Codec {
	codec, err := r.backend.Codec().For(r.result, w.kinds)
	why := w.notStorable
	if why == "" && err != nil {
		why = err.Error()
	}
	switch {
	case why != "":
		panic(fmt.Sprintf("runtime: work %s has results that a store would not give back as they were: %s: "+
			"change the result, mark the work memory (//workgen:work memory), or leave WithStore out", r.name, why))
	case !newConfig(w.name, w.options, nil).cacheCalls:
		panic(fmt.Sprintf("runtime: work %s is marked cache=false, so its results cannot be stored: "+
			"remove that from its directive, or leave WithStore out", r.name))
	case !w.encodable:
		panic(fmt.Sprintf("runtime: work %s cannot use a store: its Spec has no Encode: run go generate", r.name))
	}
	return codec
}

// outdated reports whether the code is no longer what c was generated for: the sources are
// on disk and differ, for go generate was forgotten. That is said once per work. Functions
// of generated code call it, several calls deep.
func (r *runner) outdated(c *Code) bool {
	if c == nil || c.Version != "" {
		return false
	}
	generated := sources.Generated()
	if generated == "" {
		return false
	}
	change := sources.Changed(generated, c.Symbols)
	if change == nil {
		return false
	}
	if outdatedWorks.Add(r.name) {
		r.logAt(slog.LevelWarn, "the code has changed since workgen ran: until it runs again, stored results count for this build of the program only",
			slog.String("changed", change.Name), slog.String("at", change.At()), slog.String("fix", "run go generate, or workgen ./..., and build again"))
	}
	return true
}

// outdatedWorks are the names of works whose code was generated for another one.
var outdatedWorks recent.Set[string]

// named warns when two works with stores have been given one name: their calls may have
// the same keys. work is the name that the generator gave.
func (r *runner) named(work string) {
	if other, ok := works.LoadOrStore(r.name, work); ok && other != work {
		r.logAt(slog.LevelWarn, "two works have one name, so calls of both may have the same keys: give one of them another Name",
			slog.Any("works", []string{other.(string), work}))
	}
}

// works has the names that the generator gave by those that runners with stores have.
var works sync.Map

// heed drops results when the store says that their calls were deleted. The store does
// not keep the runner alive.
func (r *runner) heed() {
	r.heedsDeletes = true
	runner := weak.Make(r)
	r.backend.OnDelete(func(deleted []store.Ref) bool {
		r := runner.Value()
		if r == nil {
			return false
		}
		r.dropDeleted(deleted)
		return true
	})
}

// dropDeleted drops the results of calls that were deleted; no refs stand for all.
// What is just read from the store, or put there, is not kept.
func (r *runner) dropDeleted(refs []store.Ref) {
	all := len(refs) == 0
	deleted := make(map[key.Key]bool, len(refs))
	for _, ref := range refs {
		deleted[ref.Key] = deleted[ref.Key] || !r.isReplaced(ref.Key)
	}
	dropped := false
	var errs []uint64
	r.mu.Lock()
	for n, a := range r.attributes {
		if !a.key.IsZero() && (all || deleted[a.key]) {
			r.drop(n, Forgotten)
			dropped = true
			if n.status() == Failed {
				errs = append(errs, n.number)
			}
		}
	}
	for c := range r.unfinished {
		if all || deleted[c.key] {
			c.deleted, c.recount = true, !c.forgotten
		}
	}
	r.mu.Unlock()
	r.liftFailures(errs)
	if dropped {
		wakeLoops(true) // their flows may want the results anew
	}
}

// stored reads the result that the store has of a call into its values, and reports whether
// there is one. k is the key of the call in memory.
func (r *runner) stored(k any, v values) (ok bool) {
	if r.override == refreshCache || unkeyed(k) != nil {
		return false
	}
	durable := r.keyOf(v)
	if durable.IsZero() {
		return false
	}
	_, ok = r.store.Get(context.Background(), durable, v.result())
	return ok
}

// deleteKey deletes the result that the store has for a key, if that is one.
func (r *runner) deleteKey(k key.Key) bool {
	return r.store != nil && r.store.Delete(context.Background(), k)
}

// StoreFailure says what becomes of calls when the store has not answered for the time
// of [StoreTimeout].
type StoreFailure uint8

const (
	// DefaultStoreFailure is ExecuteOnStoreFailure for a store of this machine, and
	// FailOnStoreFailure for one that machines share (store.Shared), and with WithWorkers.
	DefaultStoreFailure StoreFailure = iota

	// BlockOnStoreFailure makes calls wait until the store answers.
	BlockOnStoreFailure

	// ExecuteOnStoreFailure executes calls without the store, so that others may execute
	// equal calls too. Results are kept in memory only.
	ExecuteOnStoreFailure

	// FailOnStoreFailure fails calls with a [StoreError].
	FailOnStoreFailure
)

// OnStoreFailure sets what becomes of calls when the store does not answer. A result that
// has been computed always reaches those who wait for it, whether it could be stored or
// not.
func OnStoreFailure(f StoreFailure) Option {
	if f > FailOnStoreFailure {
		panic(fmt.Sprintf("runtime: OnStoreFailure(%d): no such value: use one of its constants", f))
	}
	return optionFunc(func(c *config) { c.onStoreFailure = f })
}

// StoreTimeout sets how long a call waits for a store that does not answer, and tries
// again. Zero, the default, is ten seconds; a negative d panics. When one has waited in vain
// the next ones do not wait: the store is asked once in a second until it answers.
func StoreTimeout(d time.Duration) Option {
	atLeastZero("StoreTimeout", d, "use 0 for ten seconds")
	return optionFunc(func(c *config) { c.storeTimeout = d })
}

// StrictLease(true) ends a body's context as soon as its lease could not be renewed in
// time, although no other execution may have begun: for bodies that must not run twice at
// once. By default the context ends when another execution has begun. Either way the call
// goes on: it waits for the result of the other, or executes again.
func StrictLease(strict bool) Option {
	return optionFunc(func(c *config) { c.strictLease = strict })
}

// RemoteError is what a call gets that failed elsewhere while it waited for that
// execution, in another process or runner: the failure of one execution goes to all who
// wait for it. It is also what a call gets whose error the store keeps: see [CacheErrorsFunc].
//
// It is context.Canceled or context.DeadlineExceeded for errors.Is if the error there was.
type RemoteError struct {
	Work   string          // full name of the work
	Key    key.Key         // of the call
	Origin store.Origin    // where it executed
	Text   string          // of the error there
	Kind   store.ErrorKind // likewise
}

// Is makes a RemoteError one of the errors of package context.
func (e *RemoteError) Is(target error) bool {
	switch e.Kind {
	case store.ErrorCanceled:
		return target == context.Canceled
	case store.ErrorDeadlineExceeded:
		return target == context.DeadlineExceeded
	}
	return false
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("work %s failed in %v: %s", e.Work, e.Origin, e.Text)
}

// StoreError is what a call gets when its store did not answer in time.
type StoreError struct {
	Work string // full name of the work
	Err  error  // what the store said last
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("work %s: the store does not answer: %v", e.Work, e.Err)
}

// Unwrap returns Err.
func (e *StoreError) Unwrap() error { return e.Err }

// whenSilent says what becomes of a call that the store does not answer for.
func (r *runner) whenSilent() StoreFailure {
	if r.onStoreFailure != DefaultStoreFailure {
		return r.onStoreFailure
	}
	if r.sharesStore() || r.workers != nil {
		return FailOnStoreFailure
	}
	return ExecuteOnStoreFailure
}

// sharesStore reports whether several machines share the store of the runner.
func (r *runner) sharesStore() bool {
	s, ok := r.backend.(store.Shared)
	return ok && s.Shared()
}
