//go:build unix

package runtime

import (
	"context"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFlow compares calls of a millisecond in a flow with the same outside of one: many side
// by side, four at a time, and many one after the other. It reports how much longer the flow
// takes, how much more processor time, and how many passes it makes.
func BenchmarkFlow(b *testing.B) {
	millisecond := func(_ context.Context, arg string) (string, error) { time.Sleep(time.Millisecond); return arg, nil }
	fanOut := func(n int) func(ctx context.Context, f *fetch) error {
		return func(ctx context.Context, f *fetch) error {
			calls := make([]*Call[string], n)
			for i := range calls {
				calls[i] = f.Start(ctx, strconv.Itoa(i))
			}
			_, err := All(ctx, calls)
			return err
		}
	}
	sequence := func(n int) func(ctx context.Context, f *fetch) error {
		return func(ctx context.Context, f *fetch) error {
			for i := range n {
				if _, err := f.Run(ctx, strconv.Itoa(i)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, test := range []struct {
		name string
		work func(ctx context.Context, f *fetch) error
	}{
		{"fan-out/10000", fanOut(10_000)},
		{"fan-out/100000", fanOut(100_000)},
		{"sequence/1000", sequence(1000)},
		{"sequence/10000", sequence(10_000)},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				outside, outsideCPU := measured(b, func() error { return test.work(b.Context(), newFetch(millisecond, Concurrency(4))) })
				passes := 0
				f := newFetch(millisecond, Concurrency(4))
				inside, insideCPU := measured(b, func() error {
					return Once(b.Context(), func(ctx context.Context) error { passes++; return test.work(ctx, f) })
				})
				b.ReportMetric(inside.Seconds()/outside.Seconds(), "time/outside")
				b.ReportMetric(insideCPU.Seconds()/outsideCPU.Seconds(), "cpu/outside")
				b.ReportMetric(inside.Seconds(), "s")
				b.ReportMetric(float64(passes), "passes")
			}
		})
	}
}

// measured returns how long f takes, and how much processor time.
func measured(b *testing.B, f func() error) (took, cpu time.Duration) {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began, before := time.Now(), used()
	if err := f(); err != nil {
		b.Fatal(fmt.Errorf("measured: %w", err))
	}
	return time.Since(began), used() - before
}
