package runtime

import (
	"container/list"
	"slices"
	"sync"
)

// slots bounds how many bodies of a runner run at once. Its fields are guarded by
// the runner's mutex.
//
// A body gives its slot back while it waits for another call: otherwise a work
// that calls itself, or another that calls it back, could wait for a slot that
// only it could free. To go on it takes one again, before calls whose body has
// not begun, since what has begun holds more and is nearer its end.
//
// A body may wait in several goroutines, and nobody can tell whether others of
// its goroutines work meanwhile. It counts as waiting until all those waits are
// through: counting it as running earlier could make the calls it still waits
// for wait for its slot.
type slots struct {
	limit    int       // 0: none
	used     int       // bodies with slot set
	resuming list.List // of *execution: waiting to go on
	pending  list.List // of *execution: waiting to begin, oldest first
}

// admit gives x a slot to begin with, or queues it and reports false.
func (s *slots) admit(x *execution) bool {
	if s.limit == 0 || s.take(x) {
		return true
	}
	x.queued = s.pending.PushBack(x)
	return false
}

func (s *slots) take(x *execution) bool {
	if s.used >= s.limit {
		return false
	}
	s.used++
	x.slot = true
	return true
}

// giveBack hands x's slot, if it has one, to whoever is next.
func (s *slots) giveBack(x *execution) {
	if !x.slot {
		return
	}
	x.slot = false
	s.used--
	if front := s.resuming.Front(); front != nil {
		next := front.Value.(*execution)
		s.take(next)
		s.wake(next)
	} else if front := s.pending.Front(); front != nil {
		next := front.Value.(*execution)
		s.leave(next)
		s.take(next)
		next.start()
	}
}

// leave takes x out of the queue it is in, if any.
func (s *slots) leave(x *execution) {
	if x.queued == nil {
		return
	}
	s.resuming.Remove(x.queued) // does nothing for the other list's elements
	s.pending.Remove(x.queued)
	x.queued = nil
}

// wake lets the goroutine go on that waits in execution.goOn, if any.
func (s *slots) wake(x *execution) {
	if x.resume == nil {
		return
	}
	s.leave(x)
	close(x.resume)
	x.resume = nil
}

// pause says that a goroutine of x is going to wait for another call.
// Every call is followed by goOn.
func (x *execution) pause() {
	r := x.call.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x.pauses++
	if x.pauses == 1 && !x.over {
		// One of the two: it has its slot, or waits to have it again.
		r.slots.giveBack(x)
		r.slots.wake(x)
	}
}

// goOn says that the wait is through, and returns when x may go on.
func (x *execution) goOn() {
	r := x.call.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	x.pauses--
	if x.pauses > 0 || x.over || r.slots.take(x) {
		r.mu.Unlock()
		return
	}
	resume := make(chan struct{})
	x.resume = resume
	x.queued = r.slots.resuming.PushBack(x)
	r.mu.Unlock()
	<-resume
}

// end says that x has returned: its slot is free, and goroutines it
// left behind need none.
func (s *slots) end(x *execution) {
	s.giveBack(x)
	s.wake(x)
	x.over = true
}

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
