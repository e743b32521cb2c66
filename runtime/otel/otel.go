// Package otel gives the metrics and traces of works to OpenTelemetry. It is a module
// of its own: programs that do not import it link none of OpenTelemetry.
//
//	telemetry, err := otel.New() // the providers that are set globally
//	if err != nil {
//		return err
//	}
//	defer telemetry.Close()
//	process := NewDataProcessorRunner(&DataProcessor{}, telemetry.Option())
//
// Metrics, all with the attribute workgen.work, the full name of the work:
//
//	workgen.hits                {call}       calls that were answered with what was kept
//	workgen.joined              {call}       calls that waited for an equal one
//	workgen.misses              {call}       calls that were new, by workgen.miss.reason
//	workgen.refused             {call}       calls that were not let in
//	workgen.stored              {call}       misses whose result was in the store
//	workgen.executions          {execution}  bodies that began
//	workgen.retries             {execution}  bodies that failed, and begin again
//	workgen.errors              {call}       calls that failed
//	workgen.timeouts            {call}       calls that failed since they took too long
//	workgen.stops               {call}       calls that were stopped
//	workgen.stale               {call}       calls that failed, and gave what was kept
//	workgen.removals            {entry}      what was kept and is not, by workgen.removal.reason
//	workgen.store.errors        {error}      what a store could not do
//	workgen.cache.entry.count   {entry}      results and errors that are kept
//	workgen.cache.usage         By           memory that they take, where it is bounded
//	workgen.execution.active    {execution}  bodies that run
//	workgen.call.pending        {call}       calls that wait: for a store, a slot, a retry
//	workgen.execution.duration  s            histogram, with error.type where it failed
//
// A miss is new, or what had been kept was evicted, expired or forgotten, or it was refreshed:
// made by a hit, ahead of expiry. New are also those that somebody has executed again by hand.
// Removals are evicted or expired. See [runtime.Stats] for what each counts.
//
// All but durations are of all runners of the process, read when they are collected, so
// that a hit costs nothing more. Durations and spans are of the runners that were
// given the Option. Spans are named "execute" and the work's name without its import
// path. Arguments and keys are in none of them: they have no bound.
package otel

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"time"
	"weak"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/workgen/workgen/runtime"
)

// scope is the name of the instrumentation.
const scope = "github.com/workgen/workgen/runtime/otel"

// Telemetry is what New returns. All methods may be called concurrently.
type Telemetry struct {
	tracer       trace.Tracer
	durations    metric.Float64Histogram
	registration metric.Registration

	mu   sync.Mutex
	seen map[weak.Pointer[runtime.Runner]]*last
	gone totals // of runners that are not in use any more
}

// Option of New.
type Option func(*config)

type config struct {
	meters  metric.MeterProvider
	tracers trace.TracerProvider
}

// WithMeterProvider sets where metrics go. The default is otel.GetMeterProvider().
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// WithTracerProvider sets where spans go. The default is otel.GetTracerProvider().
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// New registers the metrics. One Telemetry per process is enough.
func New(opts ...Option) (*Telemetry, error) {
	c := config{meters: otel.GetMeterProvider(), tracers: otel.GetTracerProvider()}
	for _, o := range opts {
		o(&c)
	}
	t := &Telemetry{
		tracer: c.tracers.Tracer(scope),
		seen:   map[weak.Pointer[runtime.Runner]]*last{},
		gone:   totals{},
	}
	if err := t.register(c.meters.Meter(scope)); err != nil {
		return nil, fmt.Errorf("workgen telemetry: %w", err)
	}
	return t, nil
}

// Close ends the collection of metrics. Runners that have the option go on to make
// spans.
func (t *Telemetry) Close() error { return t.registration.Unregister() }

// Option gives a runner spans and durations.
func (t *Telemetry) Option() runtime.Option { return runtime.WithTracer(t.begin) }

// begin makes the span of an execution.
func (t *Telemetry) begin(ctx context.Context, name string, call runtime.CallStatus) (context.Context, func(error)) {
	work := attribute.String("workgen.work", name)
	began := time.Now()
	ctx, span := t.tracer.Start(ctx, "execute "+path.Base(name), trace.WithTimestamp(began), trace.WithAttributes(
		work,
		attribute.Int64("workgen.call.number", int64(call.Number)),
		attribute.Int("workgen.attempt", call.Attempts),
		attribute.Float64("workgen.call.waited", began.Sub(call.Requested).Seconds()),
	))
	return ctx, func(err error) {
		took := time.Since(began)
		attributes := []attribute.KeyValue{work}
		if err != nil {
			kind := attribute.String("error.type", kindOf(err))
			attributes = append(attributes, kind)
			span.SetAttributes(kind)
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End(trace.WithTimestamp(began.Add(took)))
		t.durations.Record(ctx, took.Seconds(), metric.WithAttributes(attributes...))
	}
}

// kindOf tells errors apart in a few words, so that metrics stay few.
func kindOf(err error) string {
	var (
		panicked *runtime.PanicError
		timeout  *runtime.TimeoutError
		changed  *runtime.InputChangedError
		cycle    *runtime.CycleError
	)
	switch {
	case errors.As(err, &panicked):
		return "panic"
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, runtime.ErrStopped), errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &changed):
		return "input changed"
	case errors.As(err, &cycle):
		return "cycle"
	}
	return "_OTHER" // as the conventions call what is not known
}
