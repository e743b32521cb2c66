package runtime

import (
	"fmt"
	"reflect"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// This file is how much memory kept results may take.

// MaxBytes bounds how much memory the results take that are kept, in bytes, beside [MaxEntries].
// When another one needs room, those that were not hit lately are evicted, chosen by SIEVE. What
// takes more alone is given to those who wait, and to the store, and not kept in memory: see
// Stats.TooLarge. Zero, the default, is no bound; a negative n panics.
//
// Counted are the result with all that it refers to, as deep as it is copied, by Go's size classes;
// the key; and what the runner has of a call. Memory that several results share, under the option
// share of the directive, counts for each. Generated code knows the types, so that no reflection is
// needed; see [Weigh] for types of which it cannot tell, and [SetMaxBytes] for all runners
// together. Results that loops need stay, and count, whatever the bound says.
func MaxBytes(n int64) Option {
	atLeastZero("MaxBytes", n, "use 0 for no bound")
	return optionFunc(func(c *config) { c.maxBytes = n })
}

// Weigh says what a result counts for [MaxBytes], instead of the memory that it takes: a size
// that it knows itself, or any other measure. Of a result it is called once, when it was executed or
// read from a store; it may be called concurrently for several, and must not keep the result. Less than 0 is 0,
// and a panic fails the call. The constructor panics when R is not the work's type of results. Nil,
// the default, counts memory.
//
//	NewRenderRunner(work, runtime.MaxBytes(64<<20), runtime.Weigh(func(p Page) int64 { return int64(len(p.HTML)) }))
func Weigh[R any](weigh func(R) int64) Option {
	return optionFunc(func(c *config) {
		if c.weigh = nil; weigh != nil {
			c.weigh = weigh
		}
	})
}

// SetMaxBytes bounds how much memory the results take that all runners of the process keep together,
// in bytes, beside what [MaxBytes] says. When more is kept, the runner that has the most evicts some, soon
// after. Zero, as before the first call, is no bound; a negative n panics. It may be called at any
// time, and concurrently. What runners without MaxBytes have kept while there was no bound does not
// count, so set it first.
func SetMaxBytes(n int64) {
	atLeastZero("SetMaxBytes", n, "use 0 for no bound")
	process.max.Store(n)
	trim()
}

// process is what all runners keep together.
var process struct {
	max, bytes atomic.Int64
	trimming   sync.Mutex
}

// weighs reports whether it has to be known how much memory results take.
func (r *runner) weighs() bool { return r.maxBytes > 0 || process.max.Load() > 0 }

// fits reports whether a result of so many bytes may be kept.
func (r *runner) fits(bytes int64) bool {
	max := process.max.Load()
	return (r.maxBytes == 0 || bytes <= r.maxBytes) && (max == 0 || bytes <= max)
}

// addBytes counts what is kept, or if it is negative what is not any more. mu is held.
func (r *runner) addBytes(n int64) {
	if n == 0 {
		return
	}
	if r.counted == nil {
		r.counted = new(atomic.Int64)
		goruntime.AddCleanup(r, func(counted *atomic.Int64) { process.bytes.Add(-counted.Load()) }, r.counted)
	}
	r.stats.Bytes += n
	r.counted.Add(n)
	process.bytes.Add(n)
}

// attributesBytes is what the attributes of a call take, in a map that is two thirds full.
const attributesBytes = int64(unsafe.Sizeof(attributes{})+unsafe.Sizeof((*node)(nil))) * 3 / 2

// isOver reports whether all runners keep more than they may.
func isOver() bool {
	max := process.max.Load()
	return max > 0 && process.bytes.Load() > max
}

// trim has runners evict results until all fit. The mutex of no runner may be held.
func trim() {
	if !isOver() {
		return
	}
	process.trimming.Lock()
	defer process.trimming.Unlock()
	for isOver() {
		var largest *runner
		var most int64
		for _, other := range runners.All() {
			if n := other.r.evictable(); n > most {
				largest, most = other.r, n
			}
		}
		if largest == nil {
			return // loops need all that is left
		}
		largest.evictSome()
	}
}

// evictable is how many bytes a runner keeps of which some can go.
func (r *runner) evictable() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept.Len() == 0 {
		return 0
	}
	return r.stats.Bytes
}

// evictSome evicts what is too much, but at most as many at once as nobody notices.
func (r *runner) evictSome() {
	const atOnce = 32
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 0; i < atOnce && isOver() && r.kept.Len() > 0; i++ {
		r.evict()
	}
}

// weigher returns the function of Weigh for results of type R; nil if there is none.
func weigher[R any](c *config) func(R) int64 {
	if c.weigh == nil {
		return nil
	}
	weigh, ok := c.weigh.(func(R) int64)
	if !ok {
		panic(fmt.Sprintf("runtime: Weigh for work %s is a %T, and its results are of type %v: give it a func(%[3]v) int64", c.name, c.weigh, reflect.TypeFor[R]()))
	}
	return weigh
}
