package runtime

import (
	"context"
)

// Tracer is told when a body begins, in its goroutine, without locks. It returns the
// context that the body gets, which must be derived from ctx, and a function that is
// called with the body's error when it has returned, panicked or called Goexit, before
// those who wait get the result; nil is none. A panic in either is logged and
// otherwise ignored.
//
// work is the work's full name, and call the status of the call, in which Attempts is the
// number of this execution.
//
// It is what spans are made with; package otel has one for OpenTelemetry.
type Tracer func(ctx context.Context, work string, call CallStatus) (context.Context, func(err error))

// WithTracer sets the function that is told of every execution. Nil, the default, is
// none.
func WithTracer(t Tracer) Option {
	return optionFunc(func(c *config) { c.tracer = t })
}

// traced asks the tracer for the context of a body, and for what is to be called at
// its end.
func (r *runner) traced(ctx context.Context, x *execution) (context.Context, func(error)) {
	if r.tracer == nil {
		return ctx, func(error) {}
	}
	var (
		out  context.Context
		ends func(error)
	)
	r.mu.Lock()
	status := x.call.snapshot()
	r.mu.Unlock()
	r.guard("tracer panicked", func() {
		out, ends = r.tracer(ctx, r.name, status)
	})
	if out == nil {
		out = ctx
	}
	if ends == nil {
		return out, func(error) {}
	}
	return out, func(err error) { r.guard("tracer panicked", func() { ends(err) }) }
}
