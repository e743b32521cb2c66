package otel

import (
	"context"
	"slices"
	"weak"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/workgen/workgen/runtime"
)

// instrument is a counter, or a gauge that can be added up, of works. What it tells apart by an
// attribute is a series each.
type instrument struct {
	name, unit, description string
	attribute               string // "": there is one series
	series                  []series
}

type series struct {
	value string // of the attribute
	of    func(*runtime.Stats) int64
}

// one is what an instrument without an attribute has.
func one(of func(*runtime.Stats) int64) []series { return []series{{of: of}} }

// counters only grow.
var counters = []instrument{
	{"workgen.hits", "{call}", "Calls that were answered with what was kept.", "", one(func(s *runtime.Stats) int64 { return s.Hits })},
	{"workgen.joined", "{call}", "Calls that waited for an equal one.", "", one(func(s *runtime.Stats) int64 { return s.Joined })},
	{"workgen.misses", "{call}", "Calls that were new.", "workgen.miss.reason", []series{
		{"new", func(s *runtime.Stats) int64 {
			return s.Misses - s.Refreshes - s.MissesEvicted - s.MissesExpired - s.MissesForgotten
		}},
		{"evicted", func(s *runtime.Stats) int64 { return s.MissesEvicted }},
		{"expired", func(s *runtime.Stats) int64 { return s.MissesExpired }},
		{"forgotten", func(s *runtime.Stats) int64 { return s.MissesForgotten }},
		{"refreshed", func(s *runtime.Stats) int64 { return s.Refreshes }},
	}},
	{"workgen.refused", "{call}", "Calls that were not let in.", "", one(func(s *runtime.Stats) int64 { return s.Refused })},
	{"workgen.stored", "{call}", "Misses whose result was in the store.", "", one(func(s *runtime.Stats) int64 { return s.Stored })},
	{"workgen.executions", "{execution}", "Bodies that began.", "", one(func(s *runtime.Stats) int64 { return s.Executions })},
	{"workgen.retries", "{execution}", "Bodies that failed, and begin again.", "", one(func(s *runtime.Stats) int64 { return s.Retries })},
	{"workgen.errors", "{call}", "Calls that failed.", "", one(func(s *runtime.Stats) int64 { return s.Errors })},
	{"workgen.timeouts", "{call}", "Calls that failed since they took too long.", "", one(func(s *runtime.Stats) int64 { return s.Timeouts })},
	{"workgen.stops", "{call}", "Calls that were stopped.", "", one(func(s *runtime.Stats) int64 { return s.Stops })},
	{"workgen.stale", "{call}", "Calls that failed, and gave what was kept.", "", one(func(s *runtime.Stats) int64 { return s.Stale })},
	{"workgen.removals", "{entry}", "What was kept, and made room or expired.", "workgen.removal.reason", []series{
		{"evicted", func(s *runtime.Stats) int64 { return s.Evictions }},
		{"expired", func(s *runtime.Stats) int64 { return s.Expirations }},
	}},
	{"workgen.store.errors", "{error}", "What a store could not do.", "", one(func(s *runtime.Stats) int64 { return s.StoreErrors })},
}

// gauges are of this moment.
var gauges = []instrument{
	{"workgen.cache.entry.count", "{entry}", "Results and errors that are kept.", "", one(func(s *runtime.Stats) int64 { return int64(s.Entries) })},
	{"workgen.cache.usage", "By", "Memory that they take, where it is bounded.", "", one(func(s *runtime.Stats) int64 { return s.Bytes })},
	{"workgen.execution.active", "{execution}", "Bodies that run.", "", one(func(s *runtime.Stats) int64 { return int64(s.InFlight) })},
	{"workgen.call.pending", "{call}", "Calls that wait: for a store, a slot, a retry.", "", one(func(s *runtime.Stats) int64 { return int64(s.Pending) })},
}

// read returns the values of all series of instruments, in their order.
func read(of []instrument, s *runtime.Stats) (values []int64) {
	for _, i := range of {
		for _, series := range i.series {
			values = append(values, series.of(s))
		}
	}
	return values
}

// last is what a runner had counted when it was last looked at.
type last struct {
	work   string
	counts []int64
}

// totals are the values of all series, by work.
type totals map[string][]int64

func (t totals) add(work string, values []int64) {
	if t[work] == nil {
		t[work] = slices.Clone(values)
		return
	}
	for i, v := range values {
		t[work][i] += v
	}
}

// sums returns what counters and gauges say. Counters never fall: what runners have counted that
// are not in use any more stays in, but for what came after the last look.
func (t *Telemetry) sums() (counts, now totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts, now = totals{}, totals{}
	for _, r := range runtime.Runners() {
		s := r.Stats()
		t.seen[weak.Make(r)] = &last{r.Name(), read(counters, &s)}
		now.add(r.Name(), read(gauges, &s))
	}
	for w, l := range t.seen {
		if w.Value() == nil {
			t.gone.add(l.work, l.counts)
			delete(t.seen, w)
			continue
		}
		counts.add(l.work, l.counts)
	}
	for work, values := range t.gone {
		counts.add(work, values)
	}
	return counts, now
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
	observables := make([][]metric.Int64Observable, 2)
	for _, c := range counters {
		o, err := m.Int64ObservableCounter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.description))
		if err != nil {
			return err
		}
		observables[0] = append(observables[0], o)
	}
	for _, g := range gauges {
		o, err := m.Int64ObservableUpDownCounter(g.name, metric.WithUnit(g.unit), metric.WithDescription(g.description))
		if err != nil {
			return err
		}
		observables[1] = append(observables[1], o)
	}
	var all []metric.Observable
	for _, o := range slices.Concat(observables...) {
		all = append(all, o)
	}
	t.registration, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		counts, now := t.sums()
		observe(o, counters, observables[0], counts)
		observe(o, gauges, observables[1], now)
		return nil
	}, all...)
	return err
}

// observe tells the values of instruments.
func observe(o metric.Observer, of []instrument, observables []metric.Int64Observable, sums totals) {
	for work, values := range sums {
		attributes := []attribute.KeyValue{attribute.String("workgen.work", work)}
		for i, in := range of {
			for _, series := range in.series {
				all := attributes
				if in.attribute != "" {
					all = append(all[:1:1], attribute.String(in.attribute, series.value))
				}
				o.ObserveInt64(observables[i], values[0], metric.WithAttributes(all...))
				values = values[1:]
			}
		}
	}
}
