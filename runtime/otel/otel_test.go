package otel

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"maps"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/workgen/workgen/runtime"
)

var seed = maphash.MakeSeed()

func newWork(name string, body func(ctx context.Context, day string) (string, error), opts ...runtime.Option) (*runtime.Runner, func(ctx context.Context, day string) (string, error)) {
	opts = append(opts, runtime.WithLogger(slog.New(slog.DiscardHandler)))
	calls := runtime.NewCalls(runtime.Spec[string, string, string]{Name: "example.com/" + name, Execute: body}, opts...)
	return calls.Runner(), func(ctx context.Context, day string) (string, error) {
		hash := maphash.String(seed, day)
		if v := calls.Hit(hash, &day); v != nil {
			return *v, nil
		}
		return calls.Run(ctx, hash, day, day)
	}
}

// recorder collects what a Telemetry says.
type recorder struct {
	*Telemetry
	reader *sdkmetric.ManualReader
	spans  *tracetest.SpanRecorder
}

func record(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{reader: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	tel, err := New(
		WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))),
		WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))),
	)
	if err != nil {
		t.Fatal(err)
	}
	r.Telemetry = tel
	t.Cleanup(func() { tel.Close() })
	return r
}

// metrics returns the counters and gauges of a work by name and attributes, and the histogram's counts by error.
func (r *recorder) metrics(t *testing.T, work string) (counters map[string]int64, durations map[string]uint64) {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	counters, durations = map[string]int64{}, map[string]uint64{}
	for _, s := range data.ScopeMetrics {
		for _, m := range s.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				if gauge := slices.ContainsFunc(gauges, func(i instrument) bool { return i.name == m.Name }); d.IsMonotonic == gauge {
					t.Errorf("%s may fall: %v", m.Name, gauge)
				}
				for _, p := range d.DataPoints {
					if v, _ := p.Attributes.Value("workgen.work"); v.AsString() != work {
						continue
					}
					name := m.Name
					for _, a := range p.Attributes.ToSlice() {
						if a.Key != "workgen.work" {
							name += " " + string(a.Key) + "=" + a.Value.AsString()
						}
					}
					counters[name] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					if v, _ := p.Attributes.Value("workgen.work"); v.AsString() == work {
						kind, _ := p.Attributes.Value("error.type")
						durations[kind.AsString()] = p.Count
					}
				}
			}
		}
	}
	return counters, durations
}

func TestMetricsCountByWork(t *testing.T) {
	r := record(t)
	runner, run := newWork("count.Work", func(_ context.Context, day string) (string, error) {
		switch day {
		case "fails":
			return "", errors.New("no data")
		case "panics":
			panic("ouch")
		}
		return day, nil
	}, r.Option())
	_, other := newWork("count.Work", func(_ context.Context, day string) (string, error) { return day, nil })
	for _, day := range []string{"a", "a", "a", "b", "fails", "panics"} {
		run(t.Context(), day)
	}
	other(t.Context(), "a")
	counters, durations := r.metrics(t, "example.com/count.Work")
	for name, want := range map[string]int64{"workgen.hits": 2, "workgen.misses workgen.miss.reason=new": 5, "workgen.executions": 5, "workgen.errors": 2, "workgen.stored": 0} {
		if counters[name] != want {
			t.Errorf("%s: got %d, want %d", name, counters[name], want)
		}
	}
	for kind, want := range map[string]uint64{"": 2, "_OTHER": 1, "panic": 1} {
		if durations[kind] != want {
			t.Errorf("durations with error %q: got %d, want %d", kind, durations[kind], want)
		}
	}
	goruntime.KeepAlive(runner)
}

// TestEveryMetric brings each about but those that need a store, or time.
func TestEveryMetric(t *testing.T) {
	r := record(t)
	began, ends := make(chan string), make(chan struct{})
	runner, run := newWork("all.Work", func(ctx context.Context, day string) (string, error) {
		switch day {
		case "hangs":
			began <- day
			<-ends
		case "stops":
			began <- day
			<-ctx.Done()
			return "", ctx.Err()
		case "retries":
			if runtime.Attempt(ctx) == 1 {
				return "", errors.New("once")
			}
		}
		return day, nil
	}, runtime.MaxEntries(2), runtime.MaxBytes(1<<20),
		runtime.Retry(runtime.RetryPolicy{Attempts: 2, Initial: time.Millisecond}))
	for _, day := range []string{"a", "b", "c", "a", "a", "retries"} { // c evicts a
		run(t.Context(), day)
	}
	slow, late := newWork("all.Work", func(ctx context.Context, _ string) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}, runtime.Timeout(time.Millisecond))
	late(t.Context(), "times out")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run(ctx, "refused")
	ctx, cancel = context.WithCancel(t.Context())
	go run(ctx, "stops")
	<-began
	cancel()
	runner.ForgetAll()
	run(t.Context(), "a")
	for range 2 {
		go run(t.Context(), "hangs")
	}
	<-began
	for runner.Stats().Joined == 0 || runner.Stats().Stops == 0 || runner.Stats().InFlight > 1 {
		time.Sleep(time.Millisecond)
	}
	defer close(ends)
	got, _ := r.metrics(t, "example.com/all.Work")
	if got["workgen.cache.usage"] <= 0 {
		t.Error("no memory is used")
	}
	delete(got, "workgen.cache.usage")
	want := map[string]int64{
		"workgen.hits": 1, "workgen.joined": 1, "workgen.refused": 1, "workgen.stored": 0,
		"workgen.misses workgen.miss.reason=new":       7,
		"workgen.misses workgen.miss.reason=evicted":   1,
		"workgen.misses workgen.miss.reason=expired":   0,
		"workgen.misses workgen.miss.reason=forgotten": 1,
		"workgen.misses workgen.miss.reason=refreshed": 0,
		"workgen.executions":                           10,
		"workgen.retries":                              1, "workgen.errors": 1, "workgen.timeouts": 1, "workgen.stops": 1, "workgen.stale": 0,
		"workgen.removals workgen.removal.reason=evicted": 3,
		"workgen.removals workgen.removal.reason=expired": 0,
		"workgen.store.errors":                            0,
		"workgen.cache.entry.count":                       1,
		"workgen.execution.active":                        1,
		"workgen.call.pending":                            0,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
	goruntime.KeepAlive(slow)
}

func TestCountersDoNotFallWhenRunnersGo(t *testing.T) {
	r := record(t)
	const name = "example.com/gone.Work"
	for range 3 {
		_, run := newWork("gone.Work", func(_ context.Context, day string) (string, error) { return day, nil })
		run(t.Context(), "a")
		r.metrics(t, name)
	}
	for range 3 {
		goruntime.GC()
		if counters, _ := r.metrics(t, name); counters["workgen.executions"] != 3 {
			t.Fatalf("got %v", counters)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Max(r.gone[name]) < 2 {
		t.Errorf("the runners are still there: %v", r.gone)
	}
}

func TestSpansTellOfExecutions(t *testing.T) {
	r := record(t)
	_, inner := newWork("span.Inner", func(ctx context.Context, day string) (string, error) { return day, nil }, r.Option())
	tries := 0
	_, outer := newWork("span.Outer", func(ctx context.Context, day string) (string, error) {
		if tries++; tries == 1 {
			return "", errors.New("secret-free words")
		}
		if !trace.SpanContextFromContext(ctx).IsValid() {
			t.Error("the body's context has no span")
		}
		return inner(ctx, day)
	}, r.Option(), runtime.Retry(runtime.RetryPolicy{Attempts: 2, Initial: time.Millisecond}))
	const argument = "an argument of which nobody is told"
	if _, err := outer(t.Context(), argument); err != nil {
		t.Fatal(err)
	}
	outer(t.Context(), argument) // a hit
	spans := r.spans.Ended()
	if len(spans) != 3 {
		t.Fatalf("%d spans", len(spans))
	}
	failed, in, out := spans[0], spans[1], spans[2]
	for _, s := range spans {
		for _, a := range s.Attributes() {
			if strings.Contains(a.Value.AsString(), argument) {
				t.Errorf("span %s tells the argument", s.Name())
			}
		}
	}
	if failed.Name() != "execute span.Outer" || failed.Status().Code != codes.Error || len(failed.Events()) != 1 {
		t.Errorf("got %v with status %v", failed.Name(), failed.Status())
	}
	if in.Name() != "execute span.Inner" || in.Parent().SpanID() != out.SpanContext().SpanID() {
		t.Errorf("the inner execution is not within the outer one")
	}
	if !hasAttribute(out, attribute.Int("workgen.attempt", 2)) || !hasAttribute(out, attribute.String("workgen.work", "example.com/span.Outer")) {
		t.Errorf("attributes %v", out.Attributes())
	}
}

func hasAttribute(s sdktrace.ReadOnlySpan, want attribute.KeyValue) bool {
	for _, a := range s.Attributes() {
		if a == want {
			return true
		}
	}
	return false
}

func TestErrorsAreOfFewKinds(t *testing.T) {
	for want, err := range map[string]error{
		"panic": &runtime.PanicError{}, "timeout": &runtime.TimeoutError{}, "stopped": runtime.ErrStopped,
		"input changed": &runtime.InputChangedError{}, "cycle": &runtime.CycleError{}, "_OTHER": errors.New("anything"),
	} {
		if got := kindOf(err); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}
