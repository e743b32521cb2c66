package main

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// crowded measures single hits in one goroutine while another one adds n results, twice as
// many as are kept, as fast as it can: the time that 99 of 100 hits do not exceed, and the
// longest. Reading the clock counts, and so does what else the machine does.
func crowded(open open[numbers], n int) sample {
	const hot, turn = 64, 10_000 // on one core the first hits of a turn find cold memory
	return func() []float64 {
		c := open(n / 2)
		for i := range hot {
			must(c.call(ctx, numbers{int64(i), -1, -1}))
		}
		runtime.GC()
		var done atomic.Bool
		go func() {
			newKeys(c, 1, n)
			done.Store(true)
		}()
		var times latencies
		for times.n == 0 || !done.Load() {
			before := wall()
			for range turn {
				must(c.call(ctx, numbers{int64(times.n % hot), -1, -1}))
				now := wall()
				times.add(now - before)
				before = now
			}
			runtime.Gosched() // on one core, the other one's turn
		}
		return []float64{times.percentile(0.99), times.percentile(1)}
	}
}

// latencies are times, of which there may be many millions.
type latencies struct {
	n     int
	short [1 << 14]int // how many took so many nanoseconds
	long  []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.n++
	if d < time.Duration(len(l.short)) {
		l.short[d]++
	} else {
		l.long = append(l.long, d)
	}
}

// percentile returns the least that no more than 1-p of them exceed.
func (l *latencies) percentile(p float64) float64 {
	rank := int(p * float64(l.n-1))
	for d, n := range l.short {
		if rank < n {
			return float64(d)
		}
		rank -= n
	}
	slices.Sort(l.long)
	return float64(l.long[rank])
}
