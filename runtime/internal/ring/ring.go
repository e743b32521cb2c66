// Package ring keeps the latest of many things, by number.
package ring

import (
	"iter"
	"slices"
)

// Ring numbers what is added, from 1, and keeps the latest: as many as its limit says. It
// grows up to that, and then each takes the place of the one added limit before it. All
// methods need one lock.
type Ring[T any] struct {
	limit int
	last  uint64 // number of the latest
	items []T    // the one with number n is at (n-1) modulo limit
}

// New returns a ring that keeps so many, at least one.
func New[T any](limit int) Ring[T] { return Ring[T]{limit: limit} }

// Add adds a zero one, and returns its number and itself.
func (r *Ring[T]) Add() (number uint64, v *T) {
	r.last++
	at := r.at(r.last)
	if at == len(r.items) {
		r.items = slices.Grow(r.items, 1)[:at+1]
	}
	clear(r.items[at : at+1]) // T may be large: none is made on the stack
	return r.last, &r.items[at]
}

// Last returns the number of the latest, 0 if there is none.
func (r *Ring[T]) Last() uint64 { return r.last }

// Find returns the one with a number, nil if it is not kept.
func (r *Ring[T]) Find(number uint64) *T {
	if number == 0 || number > r.last || r.last-number >= uint64(len(r.items)) {
		return nil
	}
	return &r.items[r.at(number)]
}

// All returns those that are kept and their numbers, the oldest first.
func (r *Ring[T]) All() iter.Seq2[uint64, *T] {
	return func(yield func(uint64, *T) bool) {
		for n := r.last - uint64(len(r.items)) + 1; n <= r.last; n++ {
			if !yield(n, &r.items[r.at(n)]) {
				return
			}
		}
	}
}

func (r *Ring[T]) at(number uint64) int { return int((number - 1) % uint64(r.limit)) }
