package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// Tracer is told when a body begins, in its goroutine, without locks. It returns the
// context that the body gets, which must be derived from ctx, and a function that is
// called with the body's error when it has returned, panicked or called Goexit, before
// those who wait get the result; nil is none. A panic in either is logged and
// otherwise ignored.
//
// It is what spans are made with; package otel has one for OpenTelemetry.
type Tracer func(ctx context.Context, b Beginning) (context.Context, func(err error))

// Beginning tells of an execution that begins.
type Beginning struct {
	Work      string    // full name of the work
	Number    uint64    // of the call in its runner, as in an Event
	Attempt   int       // of the call, from 1: more than one under Retry
	Requested time.Time // when the call was made
}

// WithTracer sets the function that is told of every execution. Nil, the default, is
// none.
func WithTracer(t Tracer) Option {
	return optionFunc(func(c *config) { c.tracer = t })
}

// traced asks the tracer for the context of a body, and for what is to be called at
// its end.
func (r *Runner) traced(ctx context.Context, x *execution) (context.Context, func(error)) {
	if r.tracer == nil {
		return ctx, func(error) {}
	}
	var (
		out  context.Context
		ends func(error)
	)
	r.guard("tracer panicked", func() {
		out, ends = r.tracer(ctx, Beginning{r.name, x.call.node.number, x.attempt, x.call.requested.time()})
	})
	if out == nil {
		out = ctx
	}
	if ends == nil {
		return out, func(error) {}
	}
	return out, func(err error) { r.guard("tracer panicked", func() { ends(err) }) }
}

// guard runs code of the user's that must not end the goroutine by a panic.
func (r *Runner) guard(message string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			r.log(message, slog.String("value", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
		}
	}()
	f()
}
