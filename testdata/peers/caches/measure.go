package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// sample measures a contestant once. It returns one figure for each line that it is for;
// times are in nanoseconds.
type sample func() []float64

// ctx can be cancelled, as those of requests can.
var ctx, _ = context.WithCancel(context.Background())

var start = time.Now()

// wall is the time that has gone by.
func wall() time.Duration { return time.Since(start) }

// timed returns how long one of n operations takes that f does. On one core that is
// processor time, which other programs hardly disturb; on more it is the time that goes by,
// since to wait for a lock costs no processor time.
func timed(cores, n int, f func()) float64 {
	clock := wall
	if cores == 1 {
		clock = processor
	}
	began := clock()
	f()
	return float64(clock()-began) / float64(n)
}

// together has f called in a goroutine for each core.
func together(cores int, f func(core int)) {
	var all sync.WaitGroup
	for core := range cores {
		all.Go(func() { f(core) })
	}
	all.Wait()
}

// idle has n goroutines wait until stop is called. New goroutines begin with as much stack
// as the others use on average, so where one alone does all the work, none ever has its
// stack grow; what that costs elsewhere, almost as much as a miss, would not show.
func idle(n int) (stop func()) {
	stopped := make(chan struct{})
	for range n {
		go func() { <-stopped }()
	}
	return func() { close(stopped) }
}

// must returns what f does, which does not fail.
func must(v int64, err error) int64 {
	if err != nil {
		panic(err)
	}
	return v
}

// hits measures calls whose results are kept. The keys that are asked for share no memory
// with those that are kept.
func hits[K any](open open[K], key func(i int) K, cores, n int) sample {
	const keys = 64
	c := open(10_000)
	ask := make([]K, keys)
	for i := range ask {
		must(c.call(ctx, key(i)))
		ask[i] = key(i)
	}
	return func() []float64 {
		return []float64{timed(cores, cores*n, func() {
			together(cores, func(int) {
				for i := range n {
					must(c.call(ctx, ask[i%keys]))
				}
			})
		})}
	}
}

// misses measures calls with new keys, while the cache is full: time and allocations.
func misses(open open[numbers], cores, n int) sample {
	return func() []float64 {
		const size = 10_000
		c := open(size)
		fill(c, 2*size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ns := newKeys(c, cores, n)
		runtime.ReadMemStats(&after)
		allocations := (after.Mallocs - before.Mallocs) / uint64(cores*n) // as package testing counts
		return []float64{ns, float64(allocations)}
	}
}

// million measures a cache of so many results that no processor's cache holds them: the
// bytes that each takes, and how long a call takes that adds one in place of another.
func million(open open[numbers], size, cores, n int) sample {
	return func() []float64 {
		c, bytes := filled(open, size)
		return []float64{bytes, newKeys(c, cores, n)}
	}
}

// filled returns a cache of so many results, and the bytes that each takes.
func filled(open open[numbers], size int) (c cache[numbers], bytes float64) {
	before := heap()
	c = open(size)
	fill(c, size)
	return c, (float64(heap()) - float64(before)) / float64(c.entries())
}

// fill asks for n keys, which newKeys does not ask for.
func fill(c cache[numbers], n int) {
	for i := range n {
		must(c.call(ctx, numbers{int64(i), -1, -1}))
	}
	c.entries()
	runtime.GC()
}

// newKeys returns how long a call with a new key takes, of n on each core.
func newKeys(c cache[numbers], cores, n int) float64 {
	return timed(cores, cores*n, func() {
		together(cores, func(core int) {
			for i := range n {
				must(c.call(ctx, numbers{int64(i), int64(core), 0}))
			}
		})
	})
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held until the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// callers are how many ask for one key at once.
const callers = 16

// crowd is what the body of a call with many callers knows of them.
type crowd struct {
	waits      bool         // the body returns when all are there
	here       atomic.Int64 // how many of them are
	executions atomic.Int64
}

func (c *crowd) meet(n numbers) (int64, error) {
	c.executions.Add(1)
	for c.waits && c.here.Load() < callers {
		runtime.Gosched()
	}
	return threeBody(n)
}

// stampede measures how long it takes until many callers of one new key all have its
// result. To start the callers' goroutines counts.
func stampede(open open[numbers], crowd *crowd, cores, n int) sample {
	return func() []float64 {
		c := open(10_000)
		return []float64{timed(cores, n, func() {
			for i := range n {
				crowd.here.Store(0)
				together(callers, func(int) {
					crowd.here.Add(1)
					must(c.call(ctx, numbers{int64(i), 0, 0}))
				})
			}
		})}
	}
}
