// Package waits knows what waits for what, so that nothing waits for itself.
package waits

import (
	"slices"
	"sync"
)

// Graph has which tasks wait for which others. Workers wait on behalf of tasks: a task may
// have several, one after the other, and each may wait in several goroutines. All methods
// may be called concurrently.
//
// Nothing waits any more for tasks that have ended, though their waits may not have been
// taken back yet; and what a worker that is over has left behind waits for itself.
type Graph[T, W comparable] struct {
	Ended func(T) bool // both may be called with any lock held
	Over  func(W) bool

	mu    sync.Mutex
	edges map[T][]edge[T, W]
}

type edge[T, W comparable] struct {
	by W
	on T
}

// Add notes that a worker of a task waits for another task. If that waits for the task
// already, directly or through others, neither could ever end: then Add notes nothing and
// returns the cycle, each of which waits for the next, and the last for the first, which is
// the task.
//
// Looking whenever a wait is added finds every cycle, by whatever way it came about: a task
// that waits for itself, or two that each wait for the other.
func (g *Graph[T, W]) Add(task T, by W, on T) (cycle []T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if path := g.path(on, task, map[T]bool{}); path != nil {
		last := len(path) - 1
		return append([]T{task}, path[:last]...)
	}
	if g.edges == nil {
		g.edges = map[T][]edge[T, W]{}
	}
	g.edges[task] = append(g.edges[task], edge[T, W]{by, on})
	return nil
}

// Remove takes back what was added once.
func (g *Graph[T, W]) Remove(task T, by W, on T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	waits := g.edges[task]
	i := slices.Index(waits, edge[T, W]{by, on})
	if i < 0 {
		return
	}
	if waits = slices.Delete(waits, i, i+1); len(waits) > 0 {
		g.edges[task] = waits
	} else {
		delete(g.edges, task)
	}
}

// Of returns one of the tasks that a task waits for, and whether it waits for any.
func (g *Graph[T, W]) Of(task T) (on T, waits bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.edges[task] {
		if !g.Over(e.by) && !g.Ended(e.on) {
			return e.on, true
		}
	}
	return on, false
}

// path returns a way along which the first waits for the last, both included; nil if there
// is none. seen keeps it linear where many ways lead to one task. mu is held.
func (g *Graph[T, W]) path(from, to T, seen map[T]bool) []T {
	if seen[from] || g.Ended(from) {
		return nil
	}
	if from == to {
		return []T{from}
	}
	seen[from] = true
	for _, e := range g.edges[from] {
		if g.Over(e.by) {
			continue
		}
		if path := g.path(e.on, to, seen); path != nil {
			return append([]T{from}, path...)
		}
	}
	return nil
}
