package runtime

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/internal/remote"
)

// This file is the context of a body, which has the values of the caller's, and an end of its
// own. Most bodies that compute something never look at it, and to make a context of package
// context for each took a tenth of a miss. So that is made when somebody waits for the end,
// or asks for a value that is not workgen's own.

// cancellable is a context that package context has made of the values of an execution's.
type cancellable struct {
	context.Context
	cancel context.CancelCauseFunc
}

// canceled is the cause of those that end without one.
var canceled error = context.Canceled

// cancel ends the body's context, unless it has ended; nil is no cause.
func (x *execution) cancel(cause error) {
	why := &canceled
	if cause != nil {
		why = new(cause)
	}
	x.cause.CompareAndSwap(nil, why)
	if made := x.made.Load(); made != nil {
		made.cancel(*x.cause.Load())
	}
}

// cancellable returns what is made once, and has ended if x.cause says so.
func (x *execution) cancellable() *cancellable {
	made := x.made.Load()
	if made == nil {
		made = &cancellable{}
		made.Context, made.cancel = context.WithCancelCause(x.withoutEnd())
		if !x.made.CompareAndSwap(nil, made) {
			made = x.made.Load()
		}
	}
	// Whoever ends x has seen what was made, or its cause is seen here.
	if cause := x.cause.Load(); cause != nil {
		made.cancel(*cause)
	}
	return made
}

// endedBy returns why the body's context has ended; nil: it has not.
func (x *execution) endedBy() error {
	if x.release != nil {
		return context.Cause(x.ctx)
	}
	if cause := x.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

func (x *execution) Deadline() (time.Time, bool) { return time.Time{}, false }
func (x *execution) Done() <-chan struct{}       { return x.cancellable().Done() }

func (x *execution) Err() error {
	if x.cause.Load() == nil {
		return nil
	}
	return x.cancellable().Err()
}

func (x *execution) Value(k any) any {
	if v, own := x.own(k); own {
		return v
	}
	return x.cancellable().Value(k) // package context asks for what it has made, too
}

// own returns the values that are not the caller's. It hides the pass of a flow: inside of a
// work, calls block.
func (x *execution) own(k any) (v any, own bool) {
	switch k {
	case executionKey{}:
		return x, true
	case passKey{}, remote.SlotKey():
		return nil, true
	}
	return nil, false
}

// withoutEnd is the body's context without its end.
func (x *execution) withoutEnd() context.Context { return (*endless)(x) }

// executionKey is where a context has its execution.
type executionKey struct{}

// executionOf returns the execution that was given ctx, nil outside of one.
func executionOf(ctx context.Context) *execution {
	x, _ := ctx.Value(executionKey{}).(*execution)
	return x
}

// endless is the context of an execution without its end.
type endless execution

func (e *endless) Deadline() (time.Time, bool) { return time.Time{}, false }
func (e *endless) Done() <-chan struct{}       { return nil }
func (e *endless) Err() error                  { return nil }

func (e *endless) Value(k any) any {
	if v, own := (*execution)(e).own(k); own {
		return v
	}
	return e.call.origin.Value(k)
}
