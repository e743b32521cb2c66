package runtime

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// locked is what one writes by hand: a map behind an RWMutex.
type locked struct {
	mu sync.RWMutex
	m  map[string]string
}

func (l *locked) Run(_ context.Context, arg string) (string, error) {
	l.mu.RLock()
	v, ok := l.m[arg]
	l.mu.RUnlock()
	if !ok {
		panic("not there")
	}
	return v, nil
}

// BenchmarkHitOf compares a hit with a locked map in the same run, since
// machines are noisy: only the ratio counts.
func BenchmarkHitOf(b *testing.B) {
	ctx := context.Background()
	for _, entries := range []int{64, 10_000} {
		f, l := newFetch(echo), &locked{m: map[string]string{}}
		args := make([]string, entries)
		for i := range args {
			args[i] = fmt.Sprintf("2022-05-%d", i)
			f.Run(ctx, args[i])
			l.m[args[i]] = args[i]
		}
		for _, bench := range []struct {
			name string
			run  func(context.Context, string) (string, error)
		}{{"calls", f.Run}, {"locked map", l.Run}} {
			b.Run(fmt.Sprintf("%d/%s", entries, bench.name), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					bench.run(ctx, args[i%entries])
				}
			})
			b.Run(fmt.Sprintf("%d/%s in parallel", entries, bench.name), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						bench.run(ctx, args[i%entries])
					}
				})
			})
		}
	}
}

func BenchmarkStartOfAHit(b *testing.B) {
	f, ctx := newFetch(echo), context.Background()
	f.Run(ctx, "a")
	b.ReportAllocs()
	for b.Loop() {
		f.Start(ctx, "a")
	}
}

func BenchmarkMiss(b *testing.B) {
	for name, opts := range map[string][]Option{
		"kept":              nil,
		"evicting":          {MaxEntries(1000)},
		"not cached":        {CacheCalls(false)},
		"with every option": {MaxEntries(1000), TTL(1 << 60), Timeout(1 << 60), Concurrency(1)},
	} {
		b.Run(name, func(b *testing.B) {
			f, ctx := newFetch(echo, opts...), context.Background()
			args := make([]string, 1<<16)
			for i := range args {
				args[i] = fmt.Sprint(i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i == len(args) {
					f.ForgetAll()
					i = 0
				}
				f.Run(ctx, args[i])
			}
		})
	}
}
