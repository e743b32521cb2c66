package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/remote"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a worker has a runner execute the calls that others made. How they get to
// workers is in workers.go.

// Served returns how a worker executes calls of a runner, or why it cannot. It is for package
// worker only: programs that do not use that do not link it.
func Served(public *Runner) (*remote.Work, error) {
	switch {
	case public == nil:
		return nil, errors.New("worker: a runner is nil: give Serve those that were made by constructors")
	case public.r.store == nil:
		return nil, fmt.Errorf("worker: work %s has no store that results are put into: make its runner with WithStore, and without WORKGEN_CACHE=off", public.r.name)
	case public.r.override == readCache:
		return nil, fmt.Errorf("worker: work %s puts no results into its store: do not set %s=read", public.r.name, cacheVariable)
	case public.r.workers != nil:
		return nil, fmt.Errorf("worker: the runner of work %s has its calls executed by workers: make another one without WithWorkers", public.r.name)
	}
	r := public.r
	codec, err := r.argsCodec()
	if err != nil {
		return nil, fmt.Errorf("worker: work %s cannot be executed for others: %w", r.name, err)
	}
	route := r.route()
	if route == (queue.Route{}) {
		return nil, fmt.Errorf("worker: work %s has fields that cannot be encoded, as the keys of its calls: look what EncodeKey or a method that marshals says of them", r.name)
	}
	return &remote.Work{Name: r.name, Route: route, Execute: func(ctx context.Context, t queue.Task) remote.Outcome {
		return r.serve(ctx, &arrival{Task: t, codec: codec, due: make(chan time.Duration, 1)})
	}}, nil
}

// arrival is a task that a worker has taken. It is a watcher of its call.
type arrival struct {
	queue.Task
	codec store.Codec        // of arguments
	due   chan time.Duration // how long until the next attempt, when one has failed
}

var errOtherKey = errors.New("the call has another key here than where it was made: a file, or something that workgen does not see, differs")

// retriesHere is for how long a worker waits for the next attempt at a call. Otherwise the task goes back to
// the queue.
const retriesHere = time.Second

// serve executes the call of a task.
func (r *runner) serve(ctx context.Context, a *arrival) remote.Outcome {
	for range 2 {
		u, hash, made, err := r.calls.(arrives).arrive(ctx, a)
		if u == nil && err == nil && !r.isStored(ctx, a) {
			r.dropHash(hash) // it is kept here, and nowhere else
			continue
		}
		switch {
		case errors.Is(err, errArrival):
			return remote.Outcome{Again: true, Wait: time.Minute, Refused: err}
		case err != nil: // the runner was closed, or ctx has ended
			return remote.Outcome{Again: true, Wait: time.Second}
		case u == nil:
			return remote.Outcome{}
		}
		if made {
			u.launch(ctx, true)
			return a.await(ctx, u)
		}
		if slot := remote.SlotOf(ctx); slot != nil {
			slot.Pause() // for good: somebody else here executes it
		}
		return a.await(ctx, u)
	}
	return remote.Outcome{Again: true, Wait: time.Second}
}

// dropHash drops what is kept of a call with a hash. One that is unfinished stays what it is: the same
// task may have come twice, and be executed.
func (r *runner) dropHash(hash uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.table.at(hash, 0); n != nil && n.status().ended(); n = r.table.at(hash, 0) {
		r.drop(n, Forgotten)
	}
}

// isStored reports whether the store has a result of the call.
func (r *runner) isStored(ctx context.Context, a *arrival) bool {
	found, err := r.store.Lookup(ctx, a.Key)
	if err != nil {
		return false
	}
	defer found.Close()
	return found.Result() != nil
}

// await waits until the call has ended, and says what is left to do.
func (a *arrival) await(ctx context.Context, c *call) remote.Outcome {
	defer c.leave(func() {
		c.waiters--
		c.watchers = slices.DeleteFunc(slices.Clone(c.watchers), func(w watcher) bool { return w == watcher(a) })
	})
	for {
		select {
		case <-c.done:
			return a.outcome(ctx, c)
		case wait := <-a.due:
			if wait > retriesHere {
				return remote.Outcome{Again: true, Wait: wait}
			}
		case <-ctx.Done():
			return remote.Outcome{Again: true}
		}
	}
}

// outcome says what is left to do for a call that has ended. Whoever waits for it learns from
// the store what it came to.
func (a *arrival) outcome(ctx context.Context, c *call) remote.Outcome {
	var silent *StoreError
	var elsewhere *RemoteError
	r := c.runner
	r.mu.Lock()
	err, status, executed, untold := c.shown, c.node.status(), c.started != 0, c.untold
	forgotten, stored := c.forgotten || c.deleted, !c.storeless.Load()
	r.mu.Unlock()
	switch {
	case forgotten:
		return remote.Outcome{Again: true}
	case status == Stopped || !stored || errors.As(err, &silent) || untold != nil && !durable.Answered(untold):
		return remote.Outcome{Again: true, Wait: time.Second}
	case untold != nil:
		return a.tell(ctx, c, cmp.Or(err, fmt.Errorf("the result cannot be stored: %w", untold)))
	case err == nil || executed || errors.As(err, &elsewhere):
		return remote.Outcome{}
	}
	return a.tell(ctx, c, err)
}

// tell records why a call has failed that did not begin to execute, such as one that was given up
// before, or that has a result which the store does not take. Otherwise those who wait for it would
// not learn of it.
func (a *arrival) tell(ctx context.Context, c *call, err error) remote.Outcome {
	r := c.runner
	rec := c.record(&execution{call: c, attempt: max(c.attempts, 1), began: time.Now()})
	rec.Nonce, rec.Status = rand.Uint64(), store.Running
	l, failed := r.store.Begin(ctx, rec)
	for tries := 1; isOwn(failed) && tries < maxDenied && backoff.Sleep(ctx, denials.Wait(tries)); tries++ { // it is being given back
		l, failed = r.store.Begin(ctx, rec)
	}
	switch {
	case failed == nil:
	case errors.Is(failed, store.ErrHeld) || errors.Is(failed, store.ErrFinished): // they learn what that comes to
		return remote.Outcome{}
	default:
		return remote.Outcome{Again: true, Wait: time.Second}
	}
	l.Ends()
	var givenUp *GivenUpError
	if rec.Status = store.Failed; errors.As(err, &givenUp) {
		rec.Status = store.GivenUp
	}
	rec.Error, rec.Kind = preview.Error(err), kindOf(&outcome{err: err})
	if _, failed = l.End(ctx, rec, nil); failed != nil {
		return remote.Outcome{Again: true, Wait: time.Second}
	}
	return remote.Outcome{}
}

// isOwn reports whether an execution of this process has the lease.
func isOwn(failed error) bool {
	var held *store.HeldError
	return errors.As(failed, &held) && held.Origin == durable.Origin()
}

// join makes a call one that the worker waits for. runner.mu is held.
func (a *arrival) join(c *call) error {
	if err := c.addWaiter(nil); err != nil {
		return err
	}
	c.watchers = append(c.watchers, a)
	return nil
}

// decode reads the arguments.
func (a *arrival) decode(schema string, args any) error {
	e := &store.Entry{Ref: a.Ref, Size: int64(len(a.Args)), Data: a.Args}
	if err := a.codec.Decode(e, schema, args); err != nil {
		return fmt.Errorf("%w: %w", errArrival, err)
	}
	return nil
}

// errArrival says that a task is not for this worker.
var errArrival = errors.New("the task cannot be executed here")

func (a *arrival) pends(c *call) {
	select {
	case a.due <- c.dueIn():
	default:
	}
}

func (a *arrival) ended(*call)     {}
func (a *arrival) returned(*call)  {}
func (a *arrival) pins(*call) bool { return false }

// arrives is a *Calls, whatever its types are.
type arrives interface {
	// arrive finds or makes the call of a task; u is nil if there is a result in memory already.
	arrive(ctx context.Context, a *arrival) (u *call, hash uint64, made bool, err error)
}

func (c *Calls[K, A, R]) arrive(ctx context.Context, a *arrival) (u *call, hash uint64, made bool, err error) {
	p := &pending[K, A, R]{calls: c}
	if err := a.decode(c.spec.Schema, &p.args); err != nil {
		return nil, 0, false, err
	}
	if c.runner.keyOf(p) != a.Key {
		return nil, 0, false, fmt.Errorf("%w: %w", errArrival, errOtherKey)
	}
	hash, k := c.identify(p.args)
	_, u, made, err = c.findOrMake(ctx, hash, k, p.args, a.join)
	return u, hash, made, err
}
