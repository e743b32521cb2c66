package otel

import (
	"context"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/workgen/workgen/runtime"
)

// totals are counters of one runner, or of one work.
type totals struct{ hits, misses, stored, executions, errors int64 }

func (t *totals) add(o totals) {
	t.hits += o.hits
	t.misses += o.misses
	t.stored += o.stored
	t.executions += o.executions
	t.errors += o.errors
}

// last is what a runner had counted when it was last looked at.
type last struct {
	work string
	totals
}

// sums returns the counters by work. They never fall: what runners have counted that
// are not in use any more stays in, but for what came after the last look.
func (t *Telemetry) sums() map[string]totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range runtime.Runners() {
		s := r.Stats()
		t.seen[weak.Make(r)] = &last{r.Name(), totals{s.Hits, s.Misses, s.Stored, s.Executions, s.Errors}}
	}
	out := map[string]totals{}
	add := func(to map[string]totals, work string, of totals) {
		sum := to[work]
		sum.add(of)
		to[work] = sum
	}
	for w, l := range t.seen {
		if w.Value() == nil {
			add(t.gone, l.work, l.totals)
			delete(t.seen, w)
			continue
		}
		add(out, l.work, l.totals)
	}
	for work, of := range t.gone {
		add(out, work, of)
	}
	return out
}

// boundaries of the histogram, in seconds: executions take anything from less than a
// millisecond to hours.
var boundaries = []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600}

// register makes the instruments.
func (t *Telemetry) register(m metric.Meter) (err error) {
	t.durations, err = m.Float64Histogram("workgen.execution.duration", metric.WithUnit("s"),
		metric.WithDescription("How long executions took."), metric.WithExplicitBucketBoundaries(boundaries...))
	if err != nil {
		return err
	}
	counters := []struct {
		name, unit, description string
		of                      func(totals) int64
	}{
		{"workgen.hits", "{call}", "Calls that were answered with what was kept.", func(t totals) int64 { return t.hits }},
		{"workgen.misses", "{call}", "Calls that were new.", func(t totals) int64 { return t.misses }},
		{"workgen.stored", "{call}", "Misses whose result was in the store.", func(t totals) int64 { return t.stored }},
		{"workgen.executions", "{execution}", "Bodies that began.", func(t totals) int64 { return t.executions }},
		{"workgen.errors", "{call}", "Calls that failed.", func(t totals) int64 { return t.errors }},
	}
	instruments := make([]metric.Observable, len(counters))
	observables := make([]metric.Int64ObservableCounter, len(counters))
	for i, c := range counters {
		observables[i], err = m.Int64ObservableCounter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.description))
		if err != nil {
			return err
		}
		instruments[i] = observables[i]
	}
	t.registration, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for work, sum := range t.sums() {
			attributes := metric.WithAttributes(attribute.String("workgen.work", work))
			for i, c := range counters {
				o.ObserveInt64(observables[i], c.of(sum), attributes)
			}
		}
		return nil
	}, instruments...)
	return err
}
