package runtime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/schedule"
)

// Now returns the time, rounded down to a multiple of every since the zero time,
// as [time.Time.Truncate] does: within one period it is the same value, so a
// work that is given it executes once per period. Inside of a flow, the loop
// runs the flow again when the next period begins. It panics unless every is
// positive.
//
// The time is in the local time zone, without a monotonic reading. For days of
// the calendar use [Today], for times of the day [Cron].
func Now(ctx context.Context, every time.Duration) time.Time {
	if every <= 0 {
		panic(fmt.Sprintf("runtime: Now(ctx, %v): the period must be positive", every))
	}
	now := time.Now().Truncate(every)
	if p := passOf(ctx); p != nil {
		p.wakeAt(now.Add(every))
	}
	return now
}

// Today returns the beginning of the day in the local time zone: midnight, or
// the first moment of the day where a clock change leaves that out. Inside of a
// flow, the loop runs the flow again when the next day begins.
func Today(ctx context.Context) time.Time {
	now := time.Now()
	if p := passOf(ctx); p != nil {
		p.wakeAt(startOfDay(now, 1))
	}
	return startOfDay(now, 0)
}

// startOfDay returns the first moment of a day, days after that of t.
func startOfDay(t time.Time, days int) time.Time {
	year, month, day := t.Date()
	start := time.Date(year, month, day+days, 0, 0, 0, 0, t.Location())
	// In a gap at midnight, Date gives a time by either of the two offsets,
	// possibly on the day before.
	for start.Day() != time.Date(year, month, day+days, 12, 0, 0, 0, t.Location()).Day() {
		start = start.Add(15 * time.Minute)
	}
	return start
}

// Cron returns the latest time, now or before, that matches a cron expression:
// between two such times it is the same value, so a work that is given it
// executes once per tick, also when an earlier work held the flow up at the very
// moment. Of ticks that passed while the flow could not get there only the last
// is seen. Inside of a flow, the loop runs the flow again at the next tick.
//
// The expression has five fields (minute, hour, day of month, month, day of
// week), or six with seconds first, or is an alias such as @daily; a prefix such
// as "CRON_TZ=Europe/Berlin " sets the time zone, which is the local one
// otherwise. A time that a clock change leaves out is taken once, when the gap
// ends, and one that occurs twice is taken the first time. Cron panics when the
// expression is invalid. The zero time is returned when it has matched no time
// in the last years.
//
//	runtime.Cron(ctx, "0 3 * * *")                         // every day at three
//	runtime.Cron(ctx, "*/10 * * * * *")                    // every ten seconds
//	runtime.Cron(ctx, "CRON_TZ=Europe/Berlin 30 8 * * 1-5") // on working days at half past eight
//	runtime.Cron(ctx, "@hourly")                           // every full hour
func Cron(ctx context.Context, expression string) time.Time {
	s, ok := schedules.Get(expression)
	if !ok {
		var err error
		if s, err = schedule.Parse(expression); err != nil {
			panic("runtime: " + err.Error())
		}
		schedules.Put(expression, s)
	}
	now := time.Now()
	if p := passOf(ctx); p != nil {
		if next := s.Next(now); !next.IsZero() {
			p.wakeAt(next)
		}
	}
	return s.Last(now)
}

// schedules keeps parsed expressions: a flow asks for the same few on every pass.
var schedules recent.Map[string, *schedule.Schedule]

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
	readers map[*engine]struct{}
}

// Get returns the value. Inside of a flow, the loop runs the flow again whenever
// the value is set.
func (v *Var[T]) Get(ctx context.Context) T {
	if p := passOf(ctx); p != nil {
		p.engine.reads(v)
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.readers == nil {
			v.readers = map[*engine]struct{}{}
		}
		v.readers[p.engine] = struct{}{}
		return v.value
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.value
}

// Set replaces the value and wakes the loops that have read it, also when the
// new value is the old one.
func (v *Var[T]) Set(value T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.value = value
	for e := range v.readers {
		e.wake()
	}
}

// unwatch forgets a loop that has ended.
func (v *Var[T]) unwatch(e *engine) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.readers, e)
}

// reads notes that the flow has read an input.
func (e *engine) reads(in input) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inputs[in] = struct{}{}
}
