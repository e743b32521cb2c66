// Package failures remembers what has failed until it may be tried again.
package failures

import (
	"iter"
	"maps"
	"slices"
	"time"
)

// Memory has failures by key, each with a value, and who of some readers asks for them. Readers
// go in rounds, each of which asks for keys anew. The zero Memory is empty. All methods need one
// lock.
type Memory[K comparable, V any, R comparable] struct{ all map[K]*failure[V, R] }

type failure[V any, R comparable] struct {
	value V
	times int          // in a row
	until time.Time    // when it may be tried again; zero: never
	asked map[R]asking // by the readers that asked for it; of no reader nobody remembers it
}

// asking is how a reader has last asked for a failure.
type asking struct {
	round uint64
	waits bool // it is to ask again: it was told of the failure
}

// Bounds of what is remembered that the latest round did not ask for.
const (
	Most    = 1000
	overdue = time.Minute // after it could be tried again
)

// Add notes that a key has failed once more, in a round of a reader, and returns how often it
// did in a row, and when it may be tried again: after what wait returns for that number; nil: never,
// which is the zero time.
func (m *Memory[K, V, R]) Add(k K, v V, reader R, round uint64, wait func(times int) time.Duration) (times int, until time.Time) {
	f := m.all[k]
	if f == nil {
		if m.all == nil {
			m.all = map[K]*failure[V, R]{}
		}
		f = &failure[V, R]{asked: map[R]asking{}}
		m.all[k] = f
	}
	f.times++
	f.value, f.asked[reader], f.until = v, asking{round, true}, time.Time{}
	if wait != nil {
		f.until = time.Now().Add(wait(f.times))
	}
	return f.times, f.until
}

// Last returns the latest failure of a key.
func (m *Memory[K, V, R]) Last(k K) (v V, until time.Time, ok bool) {
	if f := m.all[k]; f != nil {
		return f.value, f.until, true
	}
	return v, until, false
}

// Readers returns who asks for a key that has failed.
func (m *Memory[K, V, R]) Readers(k K) []R {
	if f := m.all[k]; f != nil {
		return slices.Collect(maps.Keys(f.asked))
	}
	return nil
}

// Get returns the failure of a key that a round asks for, and whether there is one because of
// which it is not to be tried again yet.
func (m *Memory[K, V, R]) Get(k K, reader R, round uint64) (v V, ok bool) {
	f := m.all[k]
	if f == nil {
		return v, false
	}
	waits := f.until.IsZero() || time.Now().Before(f.until)
	f.asked[reader] = asking{round, waits}
	if waits {
		return f.value, true
	}
	return v, false
}

// Remove forgets a key.
func (m *Memory[K, V, R]) Remove(k K) { delete(m.all, k) }

// RemoveAll forgets the keys that match, and reports whether there were any.
func (m *Memory[K, V, R]) RemoveAll(match func(K, V) bool) (found bool) {
	for k, f := range m.all {
		if match(k, f.value) {
			delete(m.all, k)
			found = true
		}
	}
	return found
}

// Lift has those keys that match be tried again which would never be.
func (m *Memory[K, V, R]) Lift(match func(K, V) bool) {
	for k, f := range m.all {
		if f.until.IsZero() && match(k, f.value) {
			f.until = time.Now()
		}
	}
}

// Tidy forgets what a reader does not ask for any more: if a round has got through, what it did
// not ask for; and in any case what could have been tried for a while, or is too much. What is
// being tried it remembers.
func (m *Memory[K, V, R]) Tidy(reader R, round uint64, through bool, tried func(K) bool) {
	now, crowded := time.Now(), len(m.all) > Most
	for k, f := range m.all {
		stale := crowded || !f.until.IsZero() && now.Sub(f.until) > overdue
		if a, ok := f.asked[reader]; ok && a.round < round && (through || stale) && !tried(k) {
			m.leave(k, f, reader)
		}
	}
}

// Leave forgets what only this reader has asked for.
func (m *Memory[K, V, R]) Leave(reader R) {
	for k, f := range m.all {
		m.leave(k, f, reader)
	}
}

func (m *Memory[K, V, R]) leave(k K, f *failure[V, R], reader R) {
	if delete(f.asked, reader); len(f.asked) == 0 {
		delete(m.all, k)
	}
}

// Due returns when the first of what a reader has asked for may be tried again, zero if none
// waits for that. It is in the past for what the round was told of, and may be tried since.
func (m *Memory[K, V, R]) Due(reader R, round uint64) (due time.Time) {
	now := time.Now()
	for _, f := range m.all {
		a, ok := f.asked[reader]
		waits := ok && (now.Before(f.until) || a.waits && a.round == round && !f.until.IsZero())
		if waits && (due.IsZero() || f.until.Before(due)) {
			due = f.until
		}
	}
	return due
}

// Asked returns the failures that a round has asked for and was told of.
func (m *Memory[K, V, R]) Asked(reader R, round uint64) iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, f := range m.all {
			if a, ok := f.asked[reader]; ok && a.waits && a.round == round && !yield(f.value) {
				return
			}
		}
	}
}

// Len returns how many are remembered.
func (m *Memory[K, V, R]) Len() int { return len(m.all) }
