// Package alive lists what a program has made and still uses, without keeping it alive.
package alive

import (
	"slices"
	"sync"
	"weak"
)

// List is a list of values that were not collected yet. The zero List is empty. All methods
// may be called concurrently.
type List[T any] struct {
	mu   sync.Mutex
	all  []weak.Pointer[T] // some may have been collected
	tidy int               // length at which those are looked for
}

// minTidy is how many values a list has at least before any is looked for.
const minTidy = 64

// Add adds a value, as the last one.
func (l *List[T]) Add(v *T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) >= max(l.tidy, minTidy) {
		l.all = slices.DeleteFunc(l.all, func(p weak.Pointer[T]) bool { return p.Value() == nil })
		l.tidy = 2 * len(l.all)
	}
	l.all = append(l.all, weak.Make(v))
}

// All returns the values, in the order in which they were added.
func (l *List[T]) All() []*T {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*T, 0, len(l.all))
	for _, p := range l.all {
		if v := p.Value(); v != nil {
			all = append(all, v)
		}
	}
	return all
}
