package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/zone"
)

// Now returns the time, rounded down to a multiple of every since the zero time,
// as [time.Time.Truncate] does: within one period it is the same value, so a
// work that is given it executes once per period. Inside of a flow, the loop
// runs the flow again when the next period begins. It panics unless every is
// positive.
//
// The time is in the local time zone, without a monotonic reading; its location has the zone's
// name, however TZ spells it. It does not hold: the next
// period comes whether the flow got through or not. A flow that gives it to a work which takes
// longer than a period never gets past that work; the log says so. For days of
// the calendar use [Today], for times of the day [Cron], whose ticks hold.
func Now(ctx context.Context, every time.Duration) time.Time {
	if every <= 0 {
		panic(fmt.Sprintf("runtime: Now(ctx, %v): the period must be positive", every))
	}
	now := time.Now().In(zone.Canonical(time.Local)).Truncate(every)
	if p := passOf(ctx); p != nil {
		p.wakeAt(now.Add(every))
	}
	return now
}

// Var is a value that wakes the loops whose flows have read it when it is set.
// The zero Var holds the zero T. It must not be copied after its first use. All
// methods may be called concurrently.
//
//	var limit runtime.Var[int]
//	…
//	limit.Get(ctx) // in a flow
//	limit.Set(10)  // anywhere: the flow runs again
type Var[T any] struct {
	mu      sync.Mutex
	value   T
	readers map[*engine]uint64 // the latest pass of each that has read it
}

// Get returns the value. Inside of a flow, the loop runs the flow again whenever
// the value is set.
func (v *Var[T]) Get(ctx context.Context) T {
	p := passOf(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	if p != nil && p.engine.reads(v) {
		if v.readers == nil {
			v.readers = map[*engine]uint64{}
		}
		v.readers[p.engine] = max(p.number, v.readers[p.engine])
	}
	return v.value
}

// Set replaces the value and wakes the loops whose latest pass has read it, also when the
// new value is the old one.
func (v *Var[T]) Set(value T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.value = value
	for e, pass := range v.readers {
		e.wakeForVar(pass)
	}
}

// wakeForVar makes a pass due if the latest one, or one under way, is the one that has read a Var.
func (e *engine) wakeForVar(pass uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if pass == e.number {
		e.wakeNow("a Var was set")
	}
}

// unwatch forgets a loop that has ended.
func (v *Var[T]) unwatch(e *engine) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.readers, e)
}

// reads notes that the flow has read an input, and reports whether the loop still runs. The
// input's lock is held, before e.mu.
func (e *engine) reads(in input) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return false
	}
	e.inputs[in] = struct{}{}
	return true
}
