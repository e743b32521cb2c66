package runtime

import (
	"slices"
	"sync"
)

// waits guards flight.waitsFor of all flights of the process: the graph of which
// executions wait for which calls. Cycles may run through several runners, so
// one mutex guards it all; only calls made inside of executions take it. It is
// taken while a runner's mutex is held, never the other way round.
var waits struct{ mu sync.Mutex }

// waitFor notes that f's body waits for target, unless target already waits for
// f, directly or through others: then neither could ever end.
//
// Checking whenever an edge is added finds every cycle, by whatever way it came
// about: a work that calls itself with equal arguments, or two executions that
// each join the other's call.
func (f *flight) waitFor(target *flight) error {
	waits.mu.Lock()
	defer waits.mu.Unlock()
	if works := target.pathTo(f, map[*flight]bool{}); works != nil {
		// The path runs from target to f; f, who asks, comes first.
		last := len(works) - 1
		return &CycleError{Works: append([]string{works[last]}, works[:last]...)}
	}
	f.waitsFor = append(f.waitsFor, target)
	return nil
}

// waited takes the note back. Two goroutines of a body may wait for the same
// call, so only one note goes.
func (f *flight) waited(target *flight) {
	waits.mu.Lock()
	defer waits.mu.Unlock()
	if i := slices.Index(f.waitsFor, target); i >= 0 {
		f.waitsFor = slices.Delete(f.waitsFor, i, i+1)
	}
}

// pathTo names the works on a way from f to goal along the graph, both ends
// included, nil if there is none. Nobody waits any more for calls that have
// ended, though their waiters may not have taken their notes back yet. seen
// keeps it linear where many ways lead to one call.
func (f *flight) pathTo(goal *flight, seen map[*flight]bool) []string {
	if f.ended() || seen[f] {
		return nil
	}
	if f == goal {
		return []string{f.runner.name}
	}
	seen[f] = true
	for _, next := range f.waitsFor {
		if path := next.pathTo(goal, seen); path != nil {
			return append([]string{f.runner.name}, path...)
		}
	}
	return nil
}
