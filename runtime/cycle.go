package runtime

import (
	"slices"
	"sync"
)

// waits guards call.waitsFor of all calls of the process: the graph of which
// executions wait for which calls. Cycles may run through several runners, so
// one mutex guards it all; only calls made inside of executions take it. It is
// taken while a runner's mutex is held, never the other way round.
var waits sync.Mutex

// A waitEdge is that of an execution for a call.
type waitEdge struct {
	by *execution
	on *call
}

// waitFor notes that x waits for target, unless target already waits for x's call,
// directly or through others: then neither could ever end.
//
// Checking whenever an edge is added finds every cycle, by whatever way it came
// about: a work that calls itself with equal arguments, or two executions that
// each join the other's call.
func (x *execution) waitFor(target *call) error {
	c := x.call
	waits.Lock()
	defer waits.Unlock()
	if works := target.pathTo(c, map[*call]bool{}); works != nil {
		// The path runs from target to c; c, who asks, comes first.
		last := len(works) - 1
		return &CycleError{Works: append([]string{works[last]}, works[:last]...)}
	}
	c.waitsFor = append(c.waitsFor, waitEdge{x, target})
	return nil
}

// waited takes the note back. Two goroutines of a body may wait for the same
// call, so only one note goes.
func (x *execution) waited(target *call) {
	c := x.call
	waits.Lock()
	defer waits.Unlock()
	if i := slices.Index(c.waitsFor, waitEdge{x, target}); i >= 0 {
		c.waitsFor = slices.Delete(c.waitsFor, i, i+1)
	}
}

// pathTo names the works on a way from c to goal along the graph, both ends
// included, nil if there is none. Nobody waits any more for calls that have
// ended, though their waiters may not have taken their notes back yet; and what an
// execution that has returned has left behind waits for itself. seen keeps it linear
// where many ways lead to one call.
func (c *call) pathTo(goal *call, seen map[*call]bool) []string {
	if c.ended() || seen[c] {
		return nil
	}
	if c == goal {
		return []string{c.runner.name}
	}
	seen[c] = true
	for _, w := range c.waitsFor {
		if w.by.gone.Load() {
			continue
		}
		if path := w.on.pathTo(goal, seen); path != nil {
			return append([]string{c.runner.name}, path...)
		}
	}
	return nil
}
