package worker

import (
	"context"
	"sync"

	"github.com/workgen/workgen/runtime/internal/slots"
)

// seats are the slots of a worker. It takes one before it takes a task, and the task has it then.
type seats struct {
	mu    sync.Mutex
	queue slots.Queue
	idle  context.CancelFunc // ends the wait for a task of who has a seat for it; nil: nobody does
}

// seat is the slot of a task, or of the worker that is going to take one. It is a remote.Slot.
type seat struct {
	of    *seats
	turn  slots.Turn // of.mu guards it
	taken chan struct{}
}

// HasSlot implements slots.Task.
func (s *seat) HasSlot() { close(s.taken) }

// take waits for a slot, and returns nil if ctx has ended before.
func (s *seats) take(ctx context.Context) *seat {
	if ctx.Err() != nil {
		return nil
	}
	next := &seat{of: s, taken: make(chan struct{})}
	s.mu.Lock()
	admitted := s.queue.Admit(&next.turn, next)
	s.mu.Unlock()
	if admitted {
		return next
	}
	select {
	case <-next.taken:
		return next
	case <-ctx.Done():
		next.end()
		return nil
	}
}

// Pause implements remote.Slot.
func (s *seat) Pause() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.queue.Pause(&s.turn)
}

// GoOn implements remote.Slot. What has begun goes on before a task is waited for.
func (s *seat) GoOn() {
	s.of.mu.Lock()
	resume := s.of.queue.GoOn(&s.turn)
	idle := s.of.idle
	s.of.mu.Unlock()
	if resume == nil {
		return
	}
	if idle != nil {
		idle()
	}
	<-resume
}

// waits returns the context for a wait for a task, with a seat that a body may need to go on:
// then the context ends. over has to be called after the wait.
func (s *seats) waits(ctx context.Context) (_ context.Context, over func()) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, resuming, _ := s.queue.Count(); resuming > 0 {
		cancel()
	}
	s.idle = cancel
	return ctx, func() {
		s.mu.Lock()
		s.idle = nil
		s.mu.Unlock()
		cancel()
	}
}

// end frees the slot, or gives up waiting for one.
func (s *seat) end() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.queue.Leave(&s.turn)
	s.of.queue.End(&s.turn)
}
