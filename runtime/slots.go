package runtime

import (
	"container/list"
	"context"
)

// body is one execution of a call: of a call that is retried, one of several,
// which never overlap. Its fields are guarded by the runner's mutex. Goroutines
// that a body left behind still hold it when the next one of the same call runs.
type body struct {
	flight  *flight
	attempt int    // attempt number, from 1; 0 before it begins
	run     func() // what the goroutine of the body does

	ticket *list.Element // place in a queue, nil when in none
	held   bool          // has a slot
	pauses int           // goroutines of the body that wait for other calls
	resume chan struct{} // closed when a body that is to go on may; nil when none waits
	over   bool          // has returned
}

// bodyKey is where the context of an execution has its body.
type bodyKey struct{}

// bodyOf returns the body that was given ctx, nil outside of one.
func bodyOf(ctx context.Context) *body {
	b, _ := ctx.Value(bodyKey{}).(*body)
	return b
}

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
	used     int       // bodies with held set
	resuming list.List // of *body: waiting to go on
	pending  list.List // of *body: waiting to begin, oldest first
}

// admit gives b a slot to begin with, or queues it and reports false.
func (s *slots) admit(b *body) bool {
	if s.limit == 0 || s.take(b) {
		return true
	}
	b.ticket = s.pending.PushBack(b)
	return false
}

func (s *slots) take(b *body) bool {
	if s.used >= s.limit {
		return false
	}
	s.used++
	b.held = true
	return true
}

// giveBack hands b's slot, if it has one, to whoever is next.
func (s *slots) giveBack(b *body) {
	if !b.held {
		return
	}
	b.held = false
	s.used--
	if front := s.resuming.Front(); front != nil {
		next := front.Value.(*body)
		s.take(next)
		s.wake(next)
	} else if front := s.pending.Front(); front != nil {
		next := front.Value.(*body)
		s.leave(next)
		s.take(next)
		go next.run()
	}
}

// leave takes b out of the queue it is in, if any.
func (s *slots) leave(b *body) {
	if b.ticket == nil {
		return
	}
	s.resuming.Remove(b.ticket) // does nothing for the other list's elements
	s.pending.Remove(b.ticket)
	b.ticket = nil
}

// wake lets the goroutine go on that waits in body.goOn, if any.
func (s *slots) wake(b *body) {
	if b.resume == nil {
		return
	}
	s.leave(b)
	close(b.resume)
	b.resume = nil
}

// pause says that a goroutine of b is going to wait for another call.
// Every call is followed by goOn.
func (b *body) pause() {
	r := b.flight.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b.pauses++
	if b.pauses == 1 && !b.over {
		// One of the two: it has its slot, or waits to have it again.
		r.slots.giveBack(b)
		r.slots.wake(b)
	}
}

// goOn says that the wait is through, and returns when b may go on.
func (b *body) goOn() {
	r := b.flight.runner
	if r.slots.limit == 0 {
		return
	}
	r.mu.Lock()
	b.pauses--
	if b.pauses > 0 || b.over || r.slots.take(b) {
		r.mu.Unlock()
		return
	}
	resume := make(chan struct{})
	b.resume = resume
	b.ticket = r.slots.resuming.PushBack(b)
	r.mu.Unlock()
	<-resume
}

// end says that b has returned: its slot is free, and goroutines it
// left behind need none.
func (s *slots) end(b *body) {
	s.giveBack(b)
	s.wake(b)
	b.over = true
}
