package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what a runner knows of the workers that execute its calls. How a call gets to them is in
// dispatch.go, and what a worker does with it in served.go.

// WithWorkers has calls that the store has no result of executed by workers that serve the pool,
// in whatever process: see package worker. The result comes through the store, which has to be
// that of the queue; the option [WithStore] gives it. "" is a pool, too.
//
//	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results), runtime.WithWorkers(results.Queue(), "gpu"))
//
// A worker takes a call only if its work has the same types, code and build, and the same fields
// that are inputs: old and new versions of a program may run side by side. Fields that are
// marked "-" are the worker's own. Secret inputs are among the arguments in the queue;
// package seal encrypts them.
//
// Meanwhile the call is Pending here. The worker's runner decides about its retries, its timeout and
// its slots; [Concurrency], [WithPool], [RateLimit] and [Timeout] of this runner count for
// what it executes itself only. While it is paused ([Runner.Pause]) no further call gets to a
// worker. When an execution has failed for good the call gets a [RemoteError], and so it does
// when the store does not take the result, which may be too large. When the last of
// those has left who wait for a call, wherever they are, its execution is stopped, if that can be
// done; if they died it goes on.
//
// While no worker serves a call it waits, and after ten seconds the log says so; see
// [LocalAfter]. While the queue is full it waits, too. The process of the caller executes nothing
// otherwise: when the store or the queue does not answer the call fails, unless [OnStoreFailure]
// says something else, and inputs that cannot be encoded are an [UnkeyedError].
//
// A constructor panics when the work cannot be executed elsewhere; the message says why.
func WithWorkers(q queue.Queue, pool string) Option {
	return optionFunc(func(c *config) { c.queue, c.workerPool, c.useWorkers = q, pool, (*runner).openWorkers })
}

// LocalAfter has a call executed by its own process if no worker has served it for d. Zero, the
// default, never does that; a negative d panics. It is of use with [WithWorkers] only.
func LocalAfter(d time.Duration) Option {
	atLeastZero("LocalAfter", d, "use 0 to wait for a worker")
	return optionFunc(func(c *config) { c.localAfter = d })
}

// MaxTasks bounds how many calls of a work are executed at once by all workers together. Zero,
// the default, sets no bound; a negative n panics. It is of use with [WithWorkers] only.
func MaxTasks(n int) Option {
	atLeastZero("MaxTasks", n, "use 0 for no bound")
	return optionFunc(func(c *config) { c.maxTasks = n })
}

// workers is how the calls of a runner reach workers.
type workers struct {
	runner *runner
	codec  store.Codec // of arguments
	caller uint64      // who the runner is for the queue

	mu     sync.Mutex
	looked time.Time // when it was last looked for workers
	served bool      // some served the work then
	others []string  // what they served
	said   bool      // that there are none
}

// openWorkers decides whether workers execute the calls of a runner.
func (r *runner) openWorkers() {
	if r.queue == nil {
		return
	}
	if r.backend == nil {
		panic(fmt.Sprintf("runtime: work %s has WithWorkers and no store: add WithStore, for its results come through the store", r.name))
	}
	codec, err := r.argsCodec()
	if err != nil {
		panic(fmt.Sprintf("runtime: work %s cannot be executed by workers elsewhere: %v; or leave WithWorkers out", r.name, err))
	}
	if r.store == nil || r.override == readCache { // the environment says so
		return
	}
	r.workers = &workers{runner: r, codec: codec, caller: rand.Uint64() | 1}
}

// whyLocal is why no worker elsewhere can execute a call of the work, and what to do about
// it; "" when one can.
func (r *runner) whyLocal(w *about) string {
	switch {
	case w.memory:
		return "it is marked memory: remove that from its directive"
	case !r.cacheCalls:
		return "its calls are not cached: remove cache=false from its directive, or the option CacheCalls(false)"
	case w.notStorable != "":
		return "its results cannot be stored: " + w.notStorable + ": change the result"
	}
	return w.notRemote
}

// argsCodec returns the codec for the arguments of a work, or why they cannot be sent to another
// process.
func (r *runner) argsCodec() (store.Codec, error) {
	if r.notRemote != "" {
		return nil, errors.New(r.notRemote)
	}
	codec, err := r.backend.Codec().For(r.args, r.argKinds)
	if err != nil {
		// What is generated now says so in NotRemote.
		why := "args" + strings.TrimPrefix(err.Error(), "result")
		return nil, errors.New(why + ": run go generate, and change the argument if that says the same")
	}
	return codec, nil
}

// route says which workers may execute calls of the runner. What is in files and directories
// that fields of the work name is no part of it, since that may change while a worker serves:
// it is in the keys of calls. The route is zero if the fields cannot be encoded.
func (r *runner) route() queue.Route {
	scope := key.Scope{Work: r.name, Schema: r.schema, Code: r.scope, Build: r.build.Build().Sum}
	return queue.Route(key.SumPaths(scope, func(e *key.Encoder) {
		e.String("route")
		if r.encode != nil {
			r.encode(e)
		}
	}))
}

// isServed reports whether workers serve the work, as of not longer ago than within. It is so
// when nobody can tell.
func (w *workers) isServed(ctx context.Context, within time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.looked) < within/2 {
		return w.served
	}
	r := w.runner
	ctx, cancel := context.WithTimeout(ctx, r.store.Limit)
	defer cancel()
	st, err := r.queue.Status(ctx)
	if err != nil {
		return true
	}
	w.looked, w.served = time.Now(), st.Serves(r.workerPool, r.route())
	if w.served {
		w.said = false
		return true
	}
	w.others = nil
	for i := range st.Workers {
		for _, s := range st.Workers[i].Serves {
			for _, pool := range st.Workers[i].InPools() {
				other := fmt.Sprintf("%s %s in pool %q", s.Work, s.Route.Short(), pool)
				if !slices.Contains(w.others, other) && len(w.others) < 10 {
					w.others = append(w.others, other)
				}
			}
		}
	}
	return false
}

// sayUnserved says once that no worker serves the work.
func (w *workers) sayUnserved() {
	w.mu.Lock()
	said, others := w.said, strings.Join(w.others, ", ")
	w.said = true
	w.mu.Unlock()
	if said {
		return
	}
	if others == "" {
		others = "nothing"
	}
	w.runner.logAt(slog.LevelWarn, "no worker serves this work as it is here: its calls wait for one",
		slog.String("route", w.runner.route().Short()), slog.String("pool", w.runner.workerPool), slog.String("served", others))
}
