package main

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/viccon/sturdyc"
	"golang.org/x/sync/singleflight"

	"github.com/workgen/workgen/runtime"
)

// contestants are the columns of the table.
var contestants = []string{"workgen", "otter", "sturdyc", "map, RWMutex", "singleflight"}

// cache is a contestant that was set up for one kind of key.
type cache[K any] struct {
	// call returns the result for a key, and computes it if it is not kept.
	call func(ctx context.Context, k K) (int64, error)
	// entries finishes what is put off, and returns how many results are kept.
	entries func() int
}

// open sets a contestant up, to keep at most size results.
type open[K any] func(size int) cache[K]

// body computes a result.
type body[K any] func(k K) (int64, error)

func texts() []open[string] {
	ours := func(size int) cache[string] {
		r := NewTextRunner(&Text{}, runtime.MaxEntries(size))
		return cache[string]{r.Run, kept(r.Runner)}
	}
	return append([]open[string]{ours}, others(textBody, func(s string) string { return s })...)
}

func threes() []open[numbers] {
	ours := func(size int) cache[numbers] {
		r := NewThreeRunner(&Three{}, runtime.MaxEntries(size))
		return cache[numbers]{
			func(ctx context.Context, n numbers) (int64, error) { return r.Run(ctx, n.a, n.b, n.c) },
			kept(r.Runner),
		}
	}
	return append([]open[numbers]{ours}, others(threeBody, numbers.text)...)
}

func eights() []open[Order] {
	ours := func(size int) cache[Order] {
		r := NewEightRunner(&Eight{}, runtime.MaxEntries(size))
		return cache[Order]{r.Run, kept(r.Runner)}
	}
	return append([]open[Order]{ours}, others(eightBody, Order.text)...)
}

func meetings(c *crowd) []open[numbers] {
	ours := func(size int) cache[numbers] {
		r := NewMeetRunner(&Meet{Crowd: c}, runtime.MaxEntries(size))
		return cache[numbers]{
			func(ctx context.Context, n numbers) (int64, error) { return r.Run(ctx, n.a, n.b, n.c) },
			kept(r.Runner),
		}
	}
	return append([]open[numbers]{ours}, others(c.meet, numbers.text)...)
}

func kept(r *runtime.Runner) func() int { return func() int { return int(r.Stats().Entries) } }

// others are the peers. text makes the string that those need as a key which take no other.
func others[K comparable](compute body[K], text func(K) string) []open[K] {
	return []open[K]{
		func(size int) cache[K] { return newOtter(size, compute) },
		func(size int) cache[K] { return newSturdyc(size, compute, text) },
		func(int) cache[K] { return newLocked(compute) },
		func(int) cache[K] { return newFlights(compute, text) },
	}
}

// newOtter does not copy results, and does not run a body in a goroutine of its own. Times
// in its keys are compared with ==, so that one instant may be several keys.
func newOtter[K comparable](size int, compute body[K]) cache[K] {
	c := otter.Must(&otter.Options[K, int64]{MaximumSize: size})
	loader := otter.LoaderFunc[K, int64](func(_ context.Context, k K) (int64, error) { return compute(k) })
	return cache[K]{
		func(ctx context.Context, k K) (int64, error) { return c.Get(ctx, k, loader) },
		func() int { c.CleanUp(); return c.EstimatedSize() },
	}
}

// newSturdyc has keys of strings only, and a lifetime that cannot be left out. When a shard
// is full it drops a tenth of it. Its shards are as large as in its README, and nothing
// expires, so that no goroutine has to look for that.
func newSturdyc[K comparable](size int, compute body[K], text func(K) string) cache[K] {
	const shard, percent, ttl = 1000, 10, 24 * time.Hour
	c := sturdyc.New[int64](size, max(1, size/shard), ttl, percent, sturdyc.WithNoContinuousEvictions())
	return cache[K]{
		func(ctx context.Context, k K) (int64, error) {
			return c.GetOrFetch(ctx, text(k), func(context.Context) (int64, error) { return compute(k) })
		},
		c.Size,
	}
}

// locked is what one writes by hand. It never evicts, and equal calls that overlap all
// execute.
type locked[K comparable] struct {
	mu sync.RWMutex
	m  map[K]int64
}

func newLocked[K comparable](compute body[K]) cache[K] {
	l := &locked[K]{m: map[K]int64{}}
	return cache[K]{
		func(_ context.Context, k K) (int64, error) {
			l.mu.RLock()
			v, ok := l.m[k]
			l.mu.RUnlock()
			if ok {
				return v, nil
			}
			v, err := compute(k)
			if err != nil {
				return 0, err
			}
			l.mu.Lock()
			l.m[k] = v
			l.mu.Unlock()
			return v, nil
		},
		func() int { return len(l.m) },
	}
}

// newFlights keeps nothing, has keys of strings only, and boxes results.
func newFlights[K any](compute body[K], text func(K) string) cache[K] {
	var g singleflight.Group
	return cache[K]{
		call: func(_ context.Context, k K) (int64, error) {
			v, err, _ := g.Do(text(k), func() (any, error) { return compute(k) })
			if err != nil {
				return 0, err
			}
			return v.(int64), nil
		},
		entries: func() int { return 0 },
	}
}

// text is the shortest key that one would write by hand.
func (n numbers) text() string {
	var room [3 * 21]byte
	b := strconv.AppendInt(room[:0], n.a, 36)
	b = strconv.AppendInt(append(b, ' '), n.b, 36)
	return string(strconv.AppendInt(append(b, ' '), n.c, 36))
}

// text is unequal for unequal orders: what may contain anything is quoted.
func (o Order) text() string {
	var room [200]byte
	b := strconv.AppendInt(room[:0], o.ID, 36)
	b = strconv.AppendQuote(append(b, ' '), o.Customer)
	b = strconv.AppendInt(append(b, ' '), o.Placed.UnixNano(), 36)
	b = strconv.AppendInt(append(b, ' '), int64(o.Quantity), 36)
	b = strconv.AppendUint(append(b, ' '), math.Float64bits(o.Price), 36)
	b = strconv.AppendBool(append(b, ' '), o.Paid)
	b = strconv.AppendQuote(append(b, ' '), o.Region)
	return string(strconv.AppendUint(append(b, ' '), uint64(o.Priority), 36))
}
