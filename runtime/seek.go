package runtime

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how calls are looked for in the store for which nobody waits in place: they queue, and
// the store is asked for many at once. A call that comes alone is asked for at once; those that come
// while that is under way are asked for together afterwards.

const (
	mostTogether = 256 // calls that a store is asked for at once
	mostSeeks    = 4   // questions under way at once

	// seekPatience is how long a question may take before others do not wait for its end any more.
	seekPatience = 100 * time.Millisecond
)

// seeks are calls that are to be looked for. runner.mu guards them.
type seeks struct {
	queue    []*call // the oldest first
	underWay int     // those that others wait for
}

// seek is one question about calls.
type seek struct {
	runner *runner
	calls  []*call
	over   bool // nobody waits for its end; runner.mu

	// Of several calls. Who asks is none of the callers: the context ends when all calls have left.
	ctx    context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

// enqueue has a call looked for that nobody waits for in place.
func (c *call) enqueue() {
	if !c.looks(inQueue) {
		return
	}
	r := c.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seeks.queue = append(r.seeks.queue, c)
	r.seekMore()
}

// inQueue is call.looking of a call that is not asked for yet.
func inQueue(error) {}

// seekMore asks for those that queue, unless they are to wait for a question that is under way. mu is
// held.
func (r *runner) seekMore() {
	if n := r.seeks.underWay; n < mostSeeks && len(r.seeks.queue) > n*mostTogether {
		r.seeks.underWay++
		go r.seek()
	}
}

// seek asks for calls that queue.
func (r *runner) seek() {
	s := &seek{runner: r}
	s.take()
	defer s.ends()
	defer time.AfterFunc(seekPatience, s.ends).Stop()
	switch len(s.calls) {
	case 0:
	case 1:
		s.calls[0].findAlone()
	default:
		s.ask()
	}
}

// take takes calls out of the queue.
func (s *seek) take() {
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	q := &s.runner.seeks.queue
	taken := (*q)[:min(len(*q), mostTogether)]
	if *q = (*q)[len(taken):]; len(*q) == 0 {
		*q = nil
	}
	s.calls = slices.DeleteFunc(slices.Clone(taken), (*call).ended)
	clear(taken)
	if len(s.calls) < 2 {
		return
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.left.Store(int64(len(s.calls)))
	leave := func(error) {
		if s.left.Add(-1) == 0 {
			s.cancel()
		}
	}
	for _, c := range s.calls {
		c.looking = leave
	}
}

// ends says that nobody is to wait for the end of a question, once.
func (s *seek) ends() {
	r := s.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.over {
		s.over = true
		r.seeks.underWay--
		r.seekMore()
	}
}

// ask asks the store, and has the calls go on. Each does so in a goroutine of its own, since methods of
// the user's are called, but no more are asked for until they have read what was found: that may be
// open files. If the store does not answer, or one of the calls is why, each asks alone.
func (s *seek) ask() {
	asked, keys := stampOf(time.Now()), make([]key.Key, len(s.calls))
	for i, c := range s.calls {
		keys[i] = c.key
	}
	found, err := s.runner.store.LookupAll(s.ctx, keys)
	var all sync.WaitGroup
	for i, c := range s.calls {
		if err != nil {
			go c.findAlone()
		} else {
			all.Go(func() { c.sees(asked, &found[i]) })
		}
	}
	all.Wait()
}

// sees is find with what the store had when it was asked.
func (c *call) sees(asked stamp, found *store.Found) {
	ctx, looks := c.looksOn()
	if !looks {
		found.Close()
		return
	}
	c.looked = asked
	c.guarded(nil, func() {
		c.consider(ctx, found)
		c.decide(ctx)
	})
}

// findAlone is find in a goroutine that waits for nobody.
func (c *call) findAlone() {
	if ctx, looks := c.looksOn(); looks {
		c.guarded(nil, func() { c.find(ctx) })
	}
}

// looksOn returns a context for the look into the store that ends with the call. It reports false if
// that has ended.
func (c *call) looksOn() (context.Context, bool) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(c.origin))
	return ctx, c.looks(cancel)
}
