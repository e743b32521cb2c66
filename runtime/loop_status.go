package runtime

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/notify"
)

// LoopState says what a [Loop] is doing.
type LoopState uint8

// The states of a loop.
const (
	LoopNotStarted LoopState = iota // Run was not called yet
	LoopPassing                     // the flow runs
	LoopBlocked                     // the flow runs for long, and waits for no call
	LoopWaiting                     // the flow has returned, and runs again when something changes
	LoopPaused                      // no pass begins before Resume
	LoopStopping                    // the last pass is over, executions are waited for
	LoopEnded                       // Run has returned
)

var loopStateNames = [...]string{"not started", "passing", "blocked", "waiting", "paused", "stopping", "ended"}

// String gives the state in lower-case words, such as "not started".
func (s LoopState) String() string { return nameOf("LoopState", loopStateNames[:], uint8(s)) }

// LoopStatus is what a loop is doing at one moment. It is a plain value.
type LoopStatus struct {
	State  LoopState
	Paused bool // Pause was called, and a pass under way may go on

	Pass         uint64    // number of the latest pass, from 1 in each Run; 0 before the first
	Began, Ended time.Time // of the latest pass; Ended is zero while it runs

	// Waiting are the full names of the works that suspended the latest pass, or that it
	// waits for, in that order and each once.
	Waiting []string

	// Stack is where the flow is that blocks, and Blocked since when it does; "" and zero
	// otherwise.
	Stack   string
	Blocked time.Time

	// Warnings are what the log has said once of the flow in this Run: that it spins, that a work gets new arguments before the flow
	// gets past it, that the code after a work is never reached. At most 20, the oldest first.
	Warnings []string

	// Ticks has what the flow does with its schedules, ordered by the next tick. Nil: it has
	// asked for none.
	Ticks []TickStatus

	// Unfinished is how many calls of the flow have not ended.
	Unfinished int

	// Due is the earliest time that the flow asked for, or that a failed call may
	// execute again: then the next pass runs at the latest. Zero: there is none.
	// The heartbeat does not count.
	Due time.Time

	// Err is what the latest pass returned, if that was neither nil nor a
	// suspension, or what ended the loop.
	Err error
}

// Status returns what the loop is doing. It may be called concurrently.
func (l *Loop) Status() LoopStatus {
	s := l.control.status()
	l.mu.Lock()
	e := l.running
	l.mu.Unlock()
	if e != nil {
		e.status(&s)
	}
	return s
}

// status sets what is not set by changes.
func (e *engine) status(s *LoopStatus) {
	s.Ticks = e.ticks.status()
	e.mu.Lock()
	s.Unfinished = len(e.running)
	p := e.pass
	e.mu.Unlock()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 && (s.State == LoopPassing || s.State == LoopBlocked) {
		s.State, s.Waiting, s.Stack, s.Blocked = LoopWaiting, distinct(p.waiting), "", time.Time{}
	}
}

// Pause keeps the loop from beginning passes until [Loop.Resume]. A pass under
// way is not interrupted unless it waits for calls, and executions are not. A loop that is paused
// before Run waits before its first pass.
func (l *Loop) Pause() {
	l.control.pause(true)
	l.Wake() // the pass that waits
}

// Resume ends a pause with a pass.
func (l *Loop) Resume() {
	if l.control.pause(false) {
		l.Wake()
	}
}

// Notify has c get a value whenever the status has changed. It never blocks: a
// value that c has no room for is dropped, so c needs a buffer of one, and may be
// given to several loops and [Inspection]s. stop ends it.
func (l *Loop) Notify(c chan<- struct{}) (stop func()) { return l.control.notifier.Listen(c) }

// loopControl is how a loop is watched and paused, from outside of its goroutine.
type loopControl struct {
	notifier notify.Notifier

	mu      sync.Mutex
	now     LoopStatus    // without what is computed when asked for
	resumed chan struct{} // closed by Resume; nil unless paused
}

// change changes the status and tells of it.
func (c *loopControl) change(f func(*LoopStatus)) {
	c.mu.Lock()
	f(&c.now)
	c.mu.Unlock()
	c.notifier.Notify()
}

func (c *loopControl) status() LoopStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.now
	s.Paused = c.resumed != nil
	if s.Paused && s.State == LoopWaiting {
		s.State = LoopPaused
	}
	return s
}

// pause begins or ends a pause. It reports whether a pause has ended of which the
// loop has not noticed anything: it waits for the next pass.
func (c *loopControl) pause(paused bool) (waits bool) {
	c.mu.Lock()
	switch {
	case paused == (c.resumed != nil):
	case paused:
		c.resumed = make(chan struct{})
	default:
		close(c.resumed)
		c.resumed = nil
		waits = c.now.State == LoopWaiting
	}
	c.mu.Unlock()
	c.notifier.Notify()
	return waits
}

// gate returns when the loop is not paused, or with ctx's error.
func (c *loopControl) gate(ctx context.Context) error {
	for {
		c.mu.Lock()
		resumed := c.resumed
		if resumed != nil {
			c.now.State = LoopPaused
		}
		c.mu.Unlock()
		if resumed == nil {
			return nil
		}
		c.notifier.Notify()
		select {
		case <-resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begins notes that a pass begins.
func (c *loopControl) begins(pass uint64) {
	c.change(func(s *LoopStatus) {
		s.State, s.Pass, s.Began, s.Ended, s.Waiting, s.Stack, s.Blocked = LoopPassing, pass, wallClock(), time.Time{}, nil, "", time.Time{}
	})
}

// ends notes how a pass ended, and when the next one is due.
func (c *loopControl) ends(suspended []string, due time.Time, err error) {
	c.change(func(s *LoopStatus) {
		s.State, s.Ended, s.Stack, s.Blocked = LoopWaiting, wallClock(), "", time.Time{}
		s.Waiting, s.Due, s.Err = suspended, due, err
	})
}

// blocks notes that the flow blocks in a pass, and since when.
func (c *loopControl) blocks(pass uint64, since time.Time, stack string) {
	c.change(func(s *LoopStatus) {
		if s.State == LoopPassing && s.Pass == pass {
			s.State, s.Blocked, s.Stack = LoopBlocked, since.Round(0), stack
		}
	})
}

// mostWarnings bounds those in the status.
const mostWarnings = 20

// warns notes a warning.
func (c *loopControl) warns(text string) {
	c.change(func(s *LoopStatus) {
		if len(s.Warnings) < mostWarnings {
			s.Warnings = append(slices.Clip(s.Warnings), text)
		}
	})
}

// stops notes that the loop is ending, and with which error.
func (c *loopControl) stops(err error) {
	c.change(func(s *LoopStatus) {
		s.State, s.Due, s.Err, s.Blocked = LoopStopping, time.Time{}, err, time.Time{}
		if s.Ended.IsZero() && s.Pass > 0 {
			s.Ended = wallClock()
		}
	})
}

// wallClock is the time without a monotonic reading, as statuses hold it.
func wallClock() time.Time { return time.Now().Round(0) }

// distinct returns the names in order, each once.
func distinct(names []string) (out []string) {
	for _, name := range names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
