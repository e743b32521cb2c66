package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/internal/sources"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
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
// The failure of an execution goes to all who wait for it when it ends: elsewhere, in
// another process or runner, they get a [RemoteError]. Who asks later executes anew. The
// context of a body whose lease another execution has taken over ends with
// [ErrLeaseLost], and the call takes the other's result; see [StrictLease].
//
// The environment variable WORKGEN_CACHE overrides the use of all stores:
//
//	off      nothing is read from stores, or put there
//	refresh  what stores have is forgotten, executed anew, and replaced
//	only     nothing executes: what stores do not have is a MissError
//
// Works of two processes, or of two runners of one work, that wait for each other's
// leases in a cycle wait until one of them is stopped: a CycleError does not see
// through leases.
func WithStore(s store.Store) Option {
	return optionFunc(func(c *config) { c.store = s })
}

// override is what WORKGEN_CACHE says.
type override uint8

const (
	useCache override = iota
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
	if r.store == nil || w.memory || !r.cacheCalls {
		r.store = nil
		return
	}
	why := w.notStorable
	if why == "" {
		codec, err := r.store.Codec().For(r.result, w.kinds)
		if err != nil {
			why = err.Error()
		}
		r.codec = codec
	}
	if why != "" {
		panic(fmt.Sprintf("runtime: work %s has results that a store would not give back as they were: %s: "+
			"change the result, mark the work memory (//workgen:work memory), or leave WithStore out", r.name, why))
	}
	if !newConfig(w.name, w.options, nil).cacheCalls {
		panic(fmt.Sprintf("runtime: work %s is marked cache=false, so its results cannot be stored: "+
			"remove that from its directive, or leave WithStore out", r.name))
	}
	if !w.encodable {
		panic(fmt.Sprintf("runtime: work %s cannot use a store: its Spec has no Encode: run go generate", r.name))
	}
	switch value := os.Getenv(cacheVariable); value {
	case "":
	case "off":
		r.store = nil
		return
	case "refresh":
		r.override = refreshCache
	case "only":
		r.override = onlyCache
	default:
		panic(fmt.Sprintf("runtime: %s=%q: use off, refresh or only, or unset it", cacheVariable, value))
	}
	if r.outdated(r.code) {
		r.build = build.Binary.Reporter()
	}
	r.named(w.name)
	r.heed()
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
		at := change.File
		if change.Line > 0 {
			at += fmt.Sprintf(":%d", change.Line)
		}
		r.logAt(slog.LevelWarn, "the code has changed since workgen ran: until it runs again, stored results count for this build of the program only",
			slog.String("changed", change.Name), slog.String("at", at), slog.String("fix", "run go generate, or workgen ./..., and build again"))
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
	r.durable = map[*node]key.Key{}
	runner := weak.Make(r)
	r.store.OnDelete(func(deleted []store.Ref) bool {
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
		deleted[ref.Key] = true
	}
	dropped := false
	r.mu.Lock()
	for n, k := range r.durable {
		if all || deleted[k] {
			r.drop(n, Forgotten)
			dropped = true
		}
	}
	for c := range r.unfinished {
		c.deleted = c.deleted || all || deleted[c.key]
	}
	r.mu.Unlock()
	if dropped {
		wakeLoops() // their flows may want the results anew
	}
}

// keyOf returns the durable key of a call.
func (r *runner) keyOf(v values) key.Key {
	scope := key.Scope{Work: r.name, Schema: r.schema, Code: r.scope, Build: r.build.Build().Sum}
	return key.Sum(scope, func(e *key.Encoder) { v.encode(e, true) })
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
	var found store.Found
	ctx := context.Background()
	if err := r.lookup(ctx, durable, &found); err != nil {
		r.storeFailed(ctx, "a stored result cannot be read", err)
		return false
	}
	_, ok = r.take(ctx, &found, func(e *store.Entry) error { return r.decode(e, v.result()) })
	return ok
}

// decode reads a stored result into ptr, which points to zero if that fails.
func (r *runner) decode(e *store.Entry, ptr any) error {
	zero := reflect.ValueOf(ptr).Elem()
	zero.SetZero()
	err := r.codec.Decode(e, r.schema, ptr)
	if err != nil {
		zero.SetZero()
	}
	return err
}

// deleteKey deletes the result that the store has for a key, if that is one.
func (r *runner) deleteKey(k key.Key) bool {
	return r.store != nil && !k.IsZero() && r.deleteStored(context.Background(), r.ref(k))
}

// ref names a call of this work.
func (r *runner) ref(k key.Key) store.Ref { return store.Ref{Work: r.name, Key: k} }

// deleteStored deletes what the store has of calls, and reports whether there was any
// result.
func (r *runner) deleteStored(ctx context.Context, refs ...store.Ref) (deleted bool) {
	err := r.ask(ctx, func(ctx context.Context) error {
		n, err := r.store.Delete(ctx, refs...)
		deleted = n > 0 || deleted
		return err
	})
	if err != nil {
		r.storeFailed(ctx, "stored results cannot be deleted", err)
	}
	return deleted
}

// forgetAllStored deletes all results of the work.
func (r *runner) forgetAllStored() {
	const batch = 500
	ctx := context.Background()
	var refs []store.Ref
	for rec, err := range r.store.History(ctx, store.Filter{Work: r.name}) {
		if err != nil {
			r.storeFailed(ctx, "stored results cannot be listed", err)
			break
		}
		if refs = append(refs, rec.Ref); len(refs) == batch {
			r.deleteStored(ctx, refs...)
			refs = refs[:0]
		}
	}
	if len(refs) > 0 {
		r.deleteStored(ctx, refs...)
	}
}

// origin says where calls of this process execute.
var origin = sync.OnceValue(func() store.Origin {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	program := "?"
	if len(os.Args) > 0 {
		program = filepath.Base(os.Args[0])
	}
	return store.Origin{Host: host, PID: os.Getpid(), Program: program}
})

// StoreFailure says what becomes of calls when the store has not answered for the time
// of [StoreTimeout].
type StoreFailure uint8

const (
	// DefaultStoreFailure is ExecuteOnStoreFailure for a store of this machine, and
	// FailOnStoreFailure for one that machines share (store.Shared).
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
// again. Zero, the default, is ten seconds; a negative d panics.
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

const defaultStoreTimeout = 10 * time.Second

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

// answered reports whether an error of a store is an answer, so that it is of no use to
// ask again.
func answered(err error) bool {
	var (
		corrupt  *store.CorruptError
		encoding *store.EncodingError
	)
	return err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished) ||
		errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrClosed) ||
		errors.As(err, &corrupt) || errors.As(err, &encoding)
}

// patience is how long a store is waited for.
func (r *runner) patience() time.Duration {
	if r.storeTimeout == 0 {
		return defaultStoreTimeout
	}
	return r.storeTimeout
}

// whenSilent says what becomes of a call that the store does not answer for.
func (r *runner) whenSilent() StoreFailure {
	if r.onStoreFailure != DefaultStoreFailure {
		return r.onStoreFailure
	}
	if s, ok := r.store.(store.Shared); ok && s.Shared() {
		return FailOnStoreFailure
	}
	return ExecuteOnStoreFailure
}

// ask asks the store by f, again and again until it answers, ctx ends, or the store was
// asked for as long as StoreTimeout says; then it returns what the store said last. No
// lock may be held.
func (r *runner) ask(ctx context.Context, f func(ctx context.Context) error) error {
	const least, most = 10 * time.Millisecond, time.Second
	limit := r.patience()
	deadline, block := time.Now().Add(limit), r.onStoreFailure == BlockOnStoreFailure
	for pause := least; ; pause = min(2*pause, most) {
		if block {
			deadline = time.Now().Add(limit)
		}
		try, cancel := context.WithDeadline(ctx, deadline)
		err := f(try)
		cancel()
		if answered(err) {
			r.storeAnswers()
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		r.storeSilent(err)
		d := pause/2 + rand.N(pause/2)
		if !block {
			d = min(d, time.Until(deadline))
		}
		if d <= 0 || !sleep(ctx, d) {
			return err
		}
	}
}

// sleep returns after d, or with false when ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// storeSilent says once that the store does not answer.
func (r *runner) storeSilent(err error) {
	r.mu.Lock()
	first := r.silent.IsZero()
	if first {
		r.silent = time.Now()
		r.wasSilent.Store(true)
	}
	r.mu.Unlock()
	if first {
		r.logAt(slog.LevelWarn, "the store does not answer: calls wait for it", slog.String("error", preview.Error(err)))
	}
}

// storeAnswers says once that the store answers again.
func (r *runner) storeAnswers() {
	if !r.wasSilent.Load() {
		return
	}
	r.mu.Lock()
	since := r.silent
	r.silent = time.Time{}
	r.wasSilent.Store(false)
	r.mu.Unlock()
	if !since.IsZero() {
		r.logAt(slog.LevelInfo, "the store answers again", slog.Duration("after", time.Since(since)))
	}
}

// lookup looks one call up.
func (r *runner) lookup(ctx context.Context, k key.Key, found *store.Found) error {
	refs := [1]store.Ref{r.ref(k)}
	var all [1]store.Found
	err := r.ask(ctx, func(ctx context.Context) error { return r.store.Lookup(ctx, refs[:], all[:]) })
	*found = all[0]
	return err
}

// take has the result that was found decoded, and returns when it expires. What cannot
// be read is not there.
func (r *runner) take(ctx context.Context, found *store.Found, decode func(*store.Entry) error) (expires time.Time, ok bool) {
	if found.Damaged != nil {
		r.storeFailed(ctx, "a stored result cannot be read, and is executed", found.Damaged)
	}
	e := found.Result()
	if e == nil {
		return expires, false
	}
	defer e.Close()
	expires = e.Expires
	if r.ttl > 0 {
		if own := e.Finished.Add(r.ttl); expires.IsZero() || own.Before(expires) {
			expires = own
		}
	}
	how, why := store.Expired, ""
	if !store.HasExpired(e.Finished, expires, time.Now()) {
		err := decode(e)
		if err == nil {
			return expires, true
		}
		how, why = store.Unreadable, preview.Error(redacted(err))
		r.storeFailed(ctx, "a stored result cannot be read, and is executed", err)
	}
	if err := r.store.Discard(ctx, e, how, why); err != nil {
		r.storeFailed(ctx, "a stored result cannot be discarded", err)
	}
	return time.Time{}, false
}

// storeFailed logs what a store could not do, unless it is because ctx has ended.
func (r *runner) storeFailed(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	r.stats.StoreErrors++
	n, now := r.stats.StoreErrors, time.Now()
	quiet := now.Sub(r.storeWarned) < storeQuiet
	if !quiet {
		r.storeWarned = now
	}
	r.mu.Unlock()
	if !quiet {
		r.logAt(slog.LevelWarn, what, slog.Any("error", err), slog.Int64("errors", n))
	}
}

// storeQuiet is how long a runner says nothing of its store after a warning.
const storeQuiet = 10 * time.Second
