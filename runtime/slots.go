package runtime

import "container/list"

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
