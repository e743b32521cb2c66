package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Runner is the part of a runner that does not depend on the types of its work.
// Generated runners embed it. All methods may be called concurrently.
//
// Runners are made by the constructors that are generated; the zero Runner is
// of no use.
type Runner struct {
	config
	codec     store.Codec // of the store, for results of the work; nil without one
	hits      counter     // those that found their way without mu
	forgetAll func()
	table     numbered
	bell      bell      // of the latest changes
	warning   sync.Once // of unkeyed calls

	mu         sync.Mutex // guards all below, the table's writers, and every unfinished call
	slots      slots
	stats      Stats // without what is computed when asked for
	flights    map[*flight]struct{}
	calls      uint64 // calls made: the number of the latest one
	history    history
	closed     bool
	idle       chan struct{} // closed when the last body returns; nil unless Close waits
	events     []Event
	delivering bool

	storeWarned time.Time // when a store was last complained about
}

func newRunner(c config) *Runner {
	r := &Runner{
		config:  c,
		slots:   slots{limit: c.concurrency},
		history: history{limit: c.history},
		flights: map[*flight]struct{}{},
	}
	enlist(r)
	return r
}

// Name returns the work's full name: import path, dot, type name, unless the
// option Name says otherwise.
func (r *Runner) Name() string { return r.name }

// Stats returns the counters and gauges of this moment.
func (r *Runner) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Hits += r.hits.sum()
	return s
}

// Status returns the status of the latest call that was made: of the latest
// request that was no hit. Its Status is NotStarted before the first one.
func (r *Runner) Status() CallStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.of(r.calls).CallStatus
}

// History returns the latest calls that were made, finished or not, oldest
// first: as many as the option [History] says, each with its status of now.
func (r *Runner) History() []CallRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.history.list(r.calls)
}

// ForgetAll forgets every call: what was kept is gone, and unfinished calls
// still serve those who wait for them, but are not kept. What the store has of the
// work is deleted, too, and other processes drop it from memory within about a second.
// Equal calls made afterwards execute anew. What other processes execute for the first
// time meanwhile counts, for the store does not list it.
func (r *Runner) ForgetAll() { r.forgetAll() }

// Close stops all unfinished calls, refuses further executions with ErrClosed,
// and waits until every body has returned. When ctx ends before that, an error
// that wraps ctx.Err() says how many still run. Closing again waits again.
//
// What was kept is still served; ForgetAll drops that, too. A body must not close
// its own runner with a context that never ends: it would wait for itself.
func (r *Runner) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	unfinished := make([]*flight, 0, len(r.flights))
	for f := range r.flights {
		unfinished = append(unfinished, f)
	}
	r.mu.Unlock()

	reason := fmt.Errorf("work %s: %w: %w", r.name, ErrStopped, ErrClosed)
	for _, f := range unfinished {
		f.call.stop(reason)
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
func (r *Runner) idleNow() <-chan struct{} {
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

// take notes a new unfinished call. r.mu is held.
func (r *Runner) take(f *flight) {
	r.stats.Misses++
	r.stats.Pending++
	r.flights[f] = struct{}{}
	r.calls++
	f.number = r.calls
}

// note tells of a new status of f's call. r.mu is held.
func (r *Runner) note(f *flight, s CallStatus) {
	r.history.put(f.hash, CallRecord{Number: f.number, CallStatus: s})
	r.bell.ring()
	r.record(Event{Number: f.number, Call: s})
}

// schedule runs a body as soon as there is a slot. r.mu is held.
func (r *Runner) schedule(b *body) {
	b.flight.body = b
	if r.slots.admit(b) {
		go b.run()
	}
}

// bodyReturned counts a body that has returned and frees its slot. It comes
// before the call's end, so that callers find it counted. r.mu is held.
func (r *Runner) bodyReturned(b *body, panicked *PanicError, took time.Duration) {
	r.slots.end(b)
	r.stats.ExecutionTime += took
	if panicked != nil {
		r.stats.Panics++
	}
	r.stats.InFlight--
	if r.stats.InFlight == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}
