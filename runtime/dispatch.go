package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/queue"
)

// This file is how one call is executed by a worker: it is pushed to the queue, and its result, or
// its failure, is found in the store. See awaitTurn.

// dispatch is how one call gets to a worker.
type dispatch struct {
	*workers
	call    *call
	began   time.Time
	task    queue.Task // as it was pushed; its Caller is 0 before that
	refused int        // times in a row that it could not be pushed
	failing time.Time  // since when the queue does not answer; zero while it does
	here    bool       // the call is executed here after all
}

// ask implements elsewhere.
func (w *workers) ask(c *call) asking { return &dispatch{workers: w, call: c, began: time.Now()} }

// lookAgain is how long a call waits until it looks again what has become of it, beside being
// woken, and unservedAfter until somebody is told that no worker serves it.
const (
	lookAgain     = 30 * time.Second
	unservedAfter = 10 * time.Second
)

// pushed reports whether the queue knows that the call is wanted here: who executes it does not
// stop before this caller, too, has left.
func (d *dispatch) pushed() bool { return d.task.Caller != 0 }

// full is how long to wait for a queue that takes no task.
var full = backoff.Policy{First: 100 * time.Millisecond, Most: 5 * time.Second, Jitter: 0.3}

// push sees to it that the call is in the queue. It returns how long to wait until the store is
// looked into again; 0 if the call is to be executed here, or has ended.
func (d *dispatch) push(x *execution) time.Duration {
	r := d.runner
	if d.isPaused() {
		return whilePaused
	}
	if !d.pushed() {
		task, err := d.newTask()
		if err != nil {
			err = named(r.name, fmt.Errorf("the arguments cannot be sent to workers: %w", err))
			d.call.conclude(x, outcome{none: true, err: err, shown: d.call.redacted(err)})
			return 0
		}
		d.task = task
	}
	ctx, cancel := context.WithTimeout(x.ctx, r.store.Limit) // it may never answer
	err := r.queue.Push(ctx, d.task)
	cancel()
	switch {
	case err == nil:
		d.refused, d.failing = 0, time.Time{}
	case x.ctx.Err() != nil:
		return 0
	default:
		return d.pushFailed(x, err)
	}
	return d.patience(x)
}

// whilePaused is how often a call that is not to be pushed yet looks whether that is over.
const whilePaused = time.Second

// isPaused reports whether the work is.
func (d *dispatch) isPaused() bool {
	d.runner.mu.Lock()
	defer d.runner.mu.Unlock()
	return d.runner.slots.Held()
}

// newTask makes the task of the call.
func (d *dispatch) newTask() (queue.Task, error) {
	var args bytes.Buffer
	r := d.runner
	if err := d.codec.Encode(&args, r.schema, d.call.values.arguments()); err != nil {
		return queue.Task{}, err
	}
	return queue.Task{
		Ref: r.store.Ref(d.call.key), Route: r.route(), Pool: r.workerPool, Args: args.Bytes(), Limit: r.maxTasks,
		Caller: d.caller, Origin: durable.Origin(),
	}, nil
}

// pushFailed decides what becomes of a call that could not be queued: it waits while the queue is
// full, and for a queue that does not answer as for the store.
func (d *dispatch) pushFailed(x *execution, err error) time.Duration {
	r := d.runner
	d.refused++
	if errors.Is(err, queue.ErrFull) {
		d.failing = time.Time{}
		return full.Wait(d.refused)
	}
	if d.failing.IsZero() {
		d.failing = time.Now()
	}
	r.store.Failed(x.ctx, "a call cannot be queued for workers", err)
	if r.whenSilent() != BlockOnStoreFailure && time.Since(d.failing) >= r.store.Limit {
		if !d.call.withoutStore(x, err) {
			d.execute()
		}
		return 0
	}
	return full.Wait(d.refused)
}

// patience returns how long to wait for a worker: less if there is none.
func (d *dispatch) patience(x *execution) time.Duration {
	r, waited := d.runner, time.Since(d.began)
	after := unservedAfter
	if r.localAfter > 0 {
		after = min(after, r.localAfter)
	}
	if waited < after {
		return after - waited
	}
	if d.isServed(x.ctx, after) {
		return lookAgain
	}
	if r.localAfter > 0 && waited >= r.localAfter {
		d.execute()
		return 0
	}
	if waited >= unservedAfter {
		d.sayUnserved()
	}
	if r.localAfter > 0 {
		return min(r.localAfter-waited, lookAgain)
	}
	return lookAgain
}

// execute has the call executed here.
func (d *dispatch) execute() {
	d.here = true
	d.runner.mu.Lock()
	d.call.local = true
	d.runner.mu.Unlock()
}

// over tells the queue, when the call does not wait for workers any more, that nobody here wants
// it, unless it has ended as it should.
func (d *dispatch) over() {
	if !d.pushed() || !d.here && d.call.ended() && d.call.node.status() != Stopped {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = d.runner.queue.Withdraw(ctx, d.call.key, d.caller) // who is not told executes it in vain
}
