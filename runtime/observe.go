package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Observer is told of every change of every call of a runner, and never of hits.
//
// It is called by one goroutine at a time, without locks, in the order things
// happened, by whichever goroutine made a change; a call's waiters may be
// released before it. It should return quickly, for events queue up meanwhile.
// It may call the runner, but must not wait for it (Run, Wait, Close): the body
// it would wait for may be the one that is to begin in this goroutine. A panic in
// an observer is logged and otherwise ignored.
type Observer func(Event)

// Event is one change: a call has a new status, or, with Removed set, is no
// longer kept.
type Event struct {
	Work    string     // full name of the work
	Number  uint64     // of the call in its runner, from 1: the same in all events of one call
	Status  Status     // Pending, Running, Succeeded, Failed or Stopped
	Removed Removal    // why the finished call is no longer kept; 0 for a new status
	Call    CallStatus // with times and reason; Call.Status is Status
}

// Removal says why a finished call is no longer kept.
type Removal uint8

// The zero Removal means that an event tells of a status.
const (
	Evicted   Removal = iota + 1 // made room for another
	Expired                      // its TTL, or that of CacheErrors, was over
	Forgotten                    // by Forget or ForgetAll
)

// String gives the reason as a lower-case word, and "kept" for zero.
func (r Removal) String() string {
	switch r {
	case Evicted:
		return "evicted"
	case Expired:
		return "expired"
	case Forgotten:
		return "forgotten"
	}
	return "kept"
}

// record queues an event. r.mu is held, which makes the queue's order the true
// one; deliver has to follow once it is free.
func (r *Runner) record(e Event) {
	if r.observer == nil {
		return
	}
	e.Work, e.Status = r.name, e.Call.Status
	r.events = append(r.events, e)
}

// deliver hands queued events to the observer, unless another goroutine is at
// it: that one then delivers ours too. This keeps them in order, though calls
// change in many goroutines, and lets an observer call the runner.
func (r *Runner) deliver() {
	if r.observer == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.delivering {
		return
	}
	r.delivering = true
	// Deferred since an observer may end its goroutine, like testing's FailNow
	// does: what is left then waits for the next deliver.
	defer func() { r.delivering = false }()
	for len(r.events) > 0 {
		e := r.events[0]
		r.events = r.events[1:]
		r.notify(e)
	}
	r.events = nil
}

// notify calls the observer with r.mu free, and has it again afterwards however
// the observer ended.
func (r *Runner) notify(e Event) {
	r.mu.Unlock()
	defer r.mu.Lock()
	defer func() {
		if v := recover(); v != nil {
			r.log("observer panicked", slog.String("value", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		}
	}()
	r.observer(e)
}

// logPanic logs the panic of a body: callers get it as an error, but a bug may
// have no callers left.
func (r *Runner) logPanic(p *PanicError) {
	if p != nil {
		r.log("work panicked", slog.String("value", fmt.Sprint(p.Value)), slog.String("stack", string(p.Stack)))
	}
}

// log writes an error. No lock may be held: a handler is user code.
func (r *Runner) log(message string, attrs ...slog.Attr) {
	r.logAt(slog.LevelError, message, attrs...)
}

// logAt is log for any level.
func (r *Runner) logAt(level slog.Level, message string, attrs ...slog.Attr) {
	l := r.logger
	if l == nil {
		l = slog.Default()
	}
	attrs = append([]slog.Attr{slog.String("work", r.name)}, attrs...)
	l.LogAttrs(context.Background(), level, message, attrs...)
}
