package runtime

import "container/list"

// slots bounds how many bodies of a runner run at once. Its fields, and those of
// the flights it is given, are guarded by the runner's mutex.
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
	used     int       // flights with held set
	resuming list.List // of *flight: waiting to go on
	pending  list.List // of *flight: waiting to begin, oldest first
}

// admit gives f a slot to begin with, or queues it and reports false.
func (s *slots) admit(f *flight) bool {
	if s.limit == 0 || s.take(f) {
		return true
	}
	f.ticket = s.pending.PushBack(f)
	return false
}

func (s *slots) take(f *flight) bool {
	if s.used >= s.limit {
		return false
	}
	s.used++
	f.held = true
	return true
}

// giveBack hands f's slot, if it has one, to whoever is next.
func (s *slots) giveBack(f *flight) {
	if !f.held {
		return
	}
	f.held = false
	s.used--
	if front := s.resuming.Front(); front != nil {
		next := front.Value.(*flight)
		s.take(next)
		s.wake(next)
	} else if front := s.pending.Front(); front != nil {
		next := front.Value.(*flight)
		s.leave(next)
		s.take(next)
		go next.run()
	}
}

// leave takes f out of the queue it is in, if any.
func (s *slots) leave(f *flight) {
	if f.ticket == nil {
		return
	}
	s.resuming.Remove(f.ticket) // does nothing for the other list's elements
	s.pending.Remove(f.ticket)
	f.ticket = nil
}

// wake lets the goroutine go on that waits in flight.resumeBody, if any.
func (s *slots) wake(f *flight) {
	if f.resume == nil {
		return
	}
	s.leave(f)
	close(f.resume)
	f.resume = nil
}

// pauseBody says that a goroutine of f's body is going to wait for another call.
// Every call is followed by resumeBody.
func (f *flight) pauseBody() {
	r := f.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f.pauses++
	if f.pauses == 1 && !f.over {
		// One of the two: it has its slot, or waits to have it again.
		r.slots.giveBack(f)
		r.slots.wake(f)
	}
}

// resumeBody says that the wait is through, and returns when f's body may go on.
func (f *flight) resumeBody() {
	r := f.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	f.pauses--
	if f.pauses > 0 || f.over || r.slots.take(f) {
		r.mu.Unlock()
		return
	}
	resume := make(chan struct{})
	f.resume = resume
	f.ticket = r.slots.resuming.PushBack(f)
	r.mu.Unlock()
	<-resume
}

// endBody says that f's body has returned: its slot is free, and goroutines it
// left behind need none.
func (s *slots) endBody(f *flight) {
	s.giveBack(f)
	s.wake(f)
	f.setOver()
}
