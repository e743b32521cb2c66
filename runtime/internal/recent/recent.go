// Package recent has a map that is bounded: what was neither put nor asked for lately is
// dropped.
package recent

import (
	"cmp"
	"sync"
)

// Map maps keys to values. It has room for Half entries that are safe to stay, and keeps
// twice as many at most; what is dropped is found nowhere, and may be put again. All
// methods may be called concurrently.
//
// Of the two halves, the younger one is added to; when it is full, it takes the place of
// the older, which is dropped but for what was asked for meanwhile.
type Map[K comparable, V any] struct {
	Half int // 0: 1000; not to be changed after the first use

	mu         sync.Mutex
	young, old map[K]V
}

// Get returns the value of a key, and whether it is there.
func (m *Map[K, V]) Get(k K) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok = m.young[k]; ok {
		return v, true
	}
	if v, ok = m.old[k]; ok {
		m.put(k, v)
	}
	return v, ok
}

// Put gives a key a value, instead of the one that it has.
func (m *Map[K, V]) Put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(k, v)
}

// put needs mu.
func (m *Map[K, V]) put(k K, v V) {
	if m.young == nil || len(m.young) >= cmp.Or(m.Half, 1000) {
		m.young, m.old = map[K]V{}, m.young
	}
	m.young[k] = v
}

// Set is a Map of keys only: what was lately seen.
type Set[K comparable] struct{ Map[K, struct{}] }

// Add puts a key, and reports whether it is new.
func (s *Set[K]) Add(k K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, young := s.young[k]
	_, old := s.old[k]
	s.put(k, struct{}{})
	return !young && !old
}

// Len returns how many there are, of which some may be counted twice.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.young) + len(m.old)
}
