//go:build unix

package disk_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// counting counts the questions that a store is asked.
type counting struct {
	store.Store
	asked atomic.Int64
}

func (s *counting) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	s.asked.Add(1)
	return s.Store.Lookup(ctx, refs, found)
}

// BenchmarkAll gets stored results into memory: 10,000 at once, and one after the other by Run and by
// Start. It reports how much processor time one takes, and how many questions the store is asked for it.
func BenchmarkAll(b *testing.B) {
	const n = 10_000
	s := &counting{Store: open(b, b.TempDir(), disk.Options{Relaxed: true})}
	first := calls(s, func(int) ([]byte, error) { return make([]byte, 100), nil })
	for i := range n {
		if _, err := run(first, i); err != nil {
			b.Fatal(err)
		}
	}
	executed := func(int) ([]byte, error) { panic("executed") }
	all := func(b *testing.B) {
		c := calls(s, executed, runtime.MaxEntries(n))
		started := make([]*runtime.Call[[]byte], n)
		for i := range started {
			started[i] = c.Start(ctx, i)
		}
		if _, err := runtime.All(ctx, started); err != nil {
			b.Fatal(err)
		}
	}
	one := calls(s, executed, runtime.MaxEntries(1))
	i := 0
	for _, test := range []struct {
		name string
		n    float64
		get  func(b *testing.B)
	}{
		{"10000", n, all},
		{"run", 1, func(b *testing.B) {
			if _, err := run(one, i%n); err != nil {
				b.Fatal(err)
			}
			i++
		}},
		{"start", 1, func(b *testing.B) {
			if _, err := one.Start(ctx, i%n).Wait(ctx); err != nil {
				b.Fatal(err)
			}
			i++
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			asked, before := s.asked.Load(), processorTime()
			for b.Loop() {
				test.get(b)
			}
			results := test.n * float64(b.N)
			b.ReportMetric(float64(processorTime()-before)/results, "cpu-ns/result")
			b.ReportMetric(float64(s.asked.Load()-asked)/results, "lookups/result")
		})
	}
}

// processorTime returns how much the process has used, in nanoseconds.
func processorTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}
