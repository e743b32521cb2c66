package runtime

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// job is what has to be known to get the result of one call: to execute it, or to
// read it from the store.
type job[K comparable, A, R any] struct {
	calls  *Calls[K, A, R]
	entry  *entry[K, R]
	flight *flight
	args   A // a copy that nobody else has
	before key.Fingerprint

	// Without a store the rest is not used. It is touched by one goroutine at a
	// time: that which looks for the result, and then the bodies.
	durable bool        // the result is looked for in the store, and put there
	denied  int         // times that the store said there was a result, and then had none
	inputs  []store.Arg // for the record
	told    bool        // inputs is filled
}

// find looks for the result in the store, and has the call executed if it is not
// there. It reports whether the call has ended. When ctx, which has the values of the
// caller's, ends before that, and the call has not, it goes on elsewhere.
func (j *job[K, A, R]) find(ctx context.Context) (ended bool) {
	r := j.calls.owner.Runner
	if r.override == refreshCache {
		r.deleteStored(ctx, j.flight.key)
		r.mu.Lock()
		j.flight.deleted = false // that was before it executes
		r.mu.Unlock()
	} else if j.look(ctx) {
		return true
	}
	left := ctx.Err() != nil
	if j.flight.ctx == nil {
		j.flight.attach(ctx)
	}
	switch {
	case j.flight.ended():
		return true
	case left:
		go j.find(j.flight.ctx)
		return false
	case r.override == onlyCache:
		err := &MissError{Work: r.name, Key: j.flight.key}
		j.calls.conclude(&j.entry.call, j.flight, nil, outcome[R]{err: err})
		return true
	}
	j.schedule()
	return false
}

// schedule has the call executed when there is a slot, if it has not ended.
func (j *job[K, A, R]) schedule() {
	r := j.calls.owner.Runner
	r.mu.Lock()
	if j.entry.call.flight != nil {
		r.schedule(j.newBody())
	}
	r.mu.Unlock()
	r.deliver()
}

// newBody makes an execution of the call.
func (j *job[K, A, R]) newBody() *body {
	b := &body{flight: j.flight}
	b.run = func() {
		if j.acquire(b) {
			j.describe()
			j.calls.execute(j, b)
		}
	}
	return b
}

// describe notes the inputs before the first body runs, which may write to them. The
// arguments are a copy that nobody else has. Inputs that are not copied are read as
// the body is about to read them: who writes to one before the call has ended races
// with the body already, and at best gets an InputChangedError.
func (j *job[K, A, R]) describe() {
	if j.durable && !j.told {
		j.inputs, j.told = j.calls.describe(&Inputs{}, &j.args), true
	}
}

// look ends the call with the result that the store has, and reports whether the
// call has ended. What cannot be read is a miss.
func (j *job[K, A, R]) look(ctx context.Context) (ended bool) {
	c := j.calls
	result, expires, found := c.read(ctx, j.flight.key)
	if !found {
		return j.flight.ended()
	}
	c.conclude(&j.entry.call, j.flight, nil, outcome[R]{result: result, keep: true, stored: true, expires: expires})
	return true
}

// acquire gets the lease for a body that is going to run. It reports whether the
// body is to run; if not, its slot is free again.
func (j *job[K, A, R]) acquire(b *body) bool {
	r := j.calls.owner.Runner
	r.mu.Lock()
	held := b.flight.holding != nil
	r.mu.Unlock()
	if !j.durable || held {
		return true
	}
	l, err := r.store.Acquire(j.flight.ctx, j.flight.key)
	if err == nil {
		return j.hold(l, b)
	}
	if elsewhere := errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrFinished); !elsewhere && j.flight.ctx.Err() == nil {
		r.storeFailed(j.flight.ctx, "a result cannot be stored", err)
		j.durable = false
		return true
	}
	r.mu.Lock()
	r.slots.giveBack(b)
	if b.flight.body == b {
		b.flight.body = nil
	}
	r.mu.Unlock()
	j.await()
	return false
}

// hold notes that the call has the lease, until its last body has returned. Once
// the call has ended the lease is not renewed any more: a body that is deaf to the
// end of its context keeps others away for the rest of its time only. A call that
// was forgotten needs no lease, for nothing of it is stored. hold reports false if
// the call has ended; b, if it is not nil, then has no slot.
func (j *job[K, A, R]) hold(l store.Lease, b *body) bool {
	r := j.calls.owner.Runner
	h := hold(r, l)
	r.mu.Lock()
	defer r.mu.Unlock()
	if j.entry.call.flight == nil {
		if b != nil {
			r.slots.giveBack(b)
		}
		go h.release()
		return false
	}
	if j.flight.forgotten {
		go h.release()
		return true
	}
	j.flight.holding = h
	j.flight.onEnd = append(j.flight.onEnd, func(Status) { h.end() })
	j.flight.onReturn = append(j.flight.onReturn, func() { go h.release() })
	return true
}

// await waits for the result that somebody else has or is about to have, or for
// the lease, and goes on with it. It holds no slot.
func (j *job[K, A, R]) await() {
	r, ctx := j.calls.owner.Runner, j.flight.ctx
	changed, stop := r.store.Watch(j.flight.key)
	defer stop()
	for {
		l, err := r.store.Acquire(ctx, j.flight.key)
		var held *store.HeldError
		switch {
		case ctx.Err() != nil:
			if err == nil {
				hold(r, l).release()
			}
			return
		case err == nil:
			if j.hold(l, nil) {
				j.schedule()
			}
			return
		case errors.Is(err, store.ErrFinished):
			if j.look(ctx) {
				return
			}
			if j.denied++; j.denied < patience {
				continue
			}
			err = errors.New("the store says that there is a result, but has none")
		case errors.As(err, &held) || errors.Is(err, store.ErrHeld):
			if !wait(ctx, changed, held) {
				return
			}
			continue
		}
		r.storeFailed(ctx, "a result cannot be stored", err)
		j.durable = false
		j.schedule()
		return
	}
}

// patience is how often a store may contradict itself about one key.
const patience = 8

// wait returns when the lease may be free, and reports false when ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, held *store.HeldError) bool {
	const least, unknown = 10 * time.Millisecond, time.Second
	until := unknown
	if held != nil && !held.Expires.IsZero() {
		until = max(least, time.Until(held.Expires))
	}
	timer := time.NewTimer(until)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// publish puts the result of a body into the store, before anybody gets it. Its
// slot is free meanwhile.
func (j *job[K, A, R]) publish(b *body, o *outcome[R]) {
	if !j.durable || o.err != nil {
		return
	}
	c, r := j.calls, j.calls.owner.Runner
	r.mu.Lock()
	r.slots.end(b)
	h, forgotten := j.flight.holding, j.flight.forgotten
	r.mu.Unlock()
	if h == nil || forgotten {
		return
	}
	ctx := context.WithoutCancel(j.flight.ctx) // the result is good, whoever has left
	err := r.store.Put(ctx, h.end(), j.record(b), store.Encoded(r.codec, c.spec.Schema, &o.result))
	switch {
	case err == nil:
		h.spend()
	case h.isSpent():
		// Forgotten meanwhile, and the lease was given back.
	case errors.Is(err, store.ErrLost):
		// Somebody else has executed the call meanwhile. A result never changes, so
		// theirs is the one.
		if result, expires, found := c.read(ctx, j.flight.key); found {
			o.result, o.expires = result, expires
			return
		}
		// Or has deleted it, here or elsewhere: who waits gets the result, and nobody
		// else.
		if o.keep = false; h.wasDeleted() {
			return
		}
		fallthrough
	default:
		r.storeFailed(ctx, "a result cannot be stored", err)
	}
}

// noteFailure tells the store of a call that failed, for display.
func (j *job[K, A, R]) noteFailure(b *body) {
	if !j.durable || j.entry.call.status() != Failed {
		return
	}
	r := j.calls.owner.Runner
	rec := j.record(b)
	rec.Error = preview.Error(j.entry.call.err)
	if err := r.store.Note(context.WithoutCancel(j.flight.ctx), rec); err != nil {
		r.storeFailed(j.flight.ctx, "a failure cannot be noted", err)
	}
}

// record describes the call that b has executed.
func (j *job[K, A, R]) record(b *body) store.Record {
	c, r := j.calls, j.calls.owner.Runner
	rec := store.Record{
		Key: j.flight.key, Work: r.name, Schema: c.spec.Schema, Code: c.code, Symbols: c.spec.Code.symbols(), Build: c.build.Build().Text,
		Origin: origin(), Finished: time.Now(), Attempts: b.attempt, Args: j.inputs,
	}
	r.mu.Lock()
	rec.Requested, rec.Started = j.entry.call.requested.time(), j.entry.call.started.time()
	r.mu.Unlock()
	if r.ttl > 0 {
		rec.Expires = rec.Finished.Add(r.ttl)
	}
	return rec
}

// storeFailed logs what a store could not do, unless it is because ctx has ended.
func (r *Runner) storeFailed(ctx context.Context, what string, err error) {
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
