package runtime

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/failures"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
)

// Failure is what is said of a call of a flow that has failed, or of an error of the flow
// itself. Secret inputs do not show in it.
type Failure struct {
	Work      string    // full name of the work; "" for the flow's own error
	Call      uint64    // number of the call in its runner
	Arguments string    // in one line, cut if they are long
	Err       error     // why it failed
	Stack     string    // of a panic; "" otherwise
	Times     int       // how often it failed in a row
	Again     time.Time // when it may execute again; zero: not by itself
}

// failed are the calls of flows that failed or were stopped, until they may execute again. It
// is one for all loops, so that a call which several of them ask for does not execute more often
// for that.
var failed failedCalls

type failedCalls struct {
	mu  sync.Mutex // taken last
	all failures.Memory[callKey, failure, *engine]

	// executing has the calls that were made again. One that has ended is in it until its end
	// is noted here: nobody is to make another one meanwhile.
	executing map[callKey]*call
}

// failure is a call that ended without a result.
type failure struct {
	handle any    // *Call[R]
	number uint64 // of the call in its runner
	text   string // of its error, as it was last logged
}

// get returns the handle of a call that is not to execute yet, nil if there is none.
func (f *failedCalls) get(id callKey, e *engine, pass uint64) any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known(id, e, pass)
}

// known needs f.mu.
func (f *failedCalls) known(id callKey, e *engine, pass uint64) any {
	if e.left {
		return nil
	}
	known, ok := f.all.Get(id, e, pass)
	if !ok {
		if c := f.executing[id]; c == nil || !c.ended() {
			return nil
		}
		known, _, _ = f.all.Last(id)
	}
	return known.handle
}

// begins notes that a call was made, unless it is not to execute: then it returns what get does.
func (f *failedCalls) begins(id callKey, c *call, e *engine, pass uint64) any {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.known(id, e, pass); known != nil {
		return known
	}
	if _, _, failed := f.all.Last(id); failed {
		if f.executing == nil {
			f.executing = map[callKey]*call{}
		}
		f.executing[id] = c
	}
	return nil
}

// abandon notes that the end of a call will not be noted here.
func (f *failedCalls) abandon(id callKey, c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.executing[id] == c {
		delete(f.executing, id)
	}
}

// ends notes how a call has ended, and returns what is to be said of it, nil if that was said
// before, or there is nothing to be said. No lock may be held.
func (f *failedCalls) ends(id callKey, c *call, e *engine) *Failure {
	wait, text := c.waitsBetween(), ""
	status := c.node.status()
	if status != Succeeded {
		text = preview.Error(c.shown)
	}
	e.mu.Lock()
	pass := e.number
	e.mu.Unlock()
	defer f.abandon(id, c)
	f.mu.Lock()
	if e.left {
		f.mu.Unlock()
		return nil
	}
	readers := f.all.Readers(id)
	last, again, ok := f.all.Last(id)
	var said *Failure
	switch {
	case status == Stopped && errors.Is(c.err, errAbandoned):
	case status == Succeeded:
		f.all.Remove(id)
		again = time.Time{}
	case ok && last.number == c.node.number: // another loop was faster
		f.all.Get(id, e, pass)
	default:
		said = &Failure{}
		said.Times, again = f.all.Add(id, failure{c.values.handle(), c.node.number, text}, e, pass, wait)
		said.Again = again
		if ok && last.text == text || status == Stopped {
			said = nil
		}
	}
	f.mu.Unlock()
	e.tries(again, false)
	for _, other := range readers {
		if other != e { // it may have got the failure before, while this one ended
			other.tries(again, status == Succeeded)
		}
	}
	return said
}

// tries has a pass come when a call may execute again (zero: never), or at once.
func (e *engine) tries(again time.Time, now bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.again = earlier(e.again, again); e.pass != nil {
		e.pass.returnsAt(e.again)
	}
	if e.rearm(); now {
		e.wakeNow("a call that had failed has succeeded")
	}
}

// tidy forgets what a pass of a loop has not asked for, and returns when the first of the others
// may execute again, zero if none may.
func (f *failedCalls) tidy(e *engine, pass uint64, through bool) (again time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all.Tidy(e, pass, through, func(id callKey) bool { return f.executing[id] != nil })
	return f.all.Due(e, pass)
}

// due returns when the first of the calls that a loop has asked for may execute again, zero if
// none may.
func (f *failedCalls) due(e *engine, pass uint64) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all.Due(e, pass)
}

// explains reports whether the error that a pass has returned is that of a failed call, going by its
// text.
func (f *failedCalls) explains(text string, e *engine, pass uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for failure := range f.all.Asked(e, pass) {
		if failure.text != "" && strings.Contains(text, failure.text) {
			return true
		}
	}
	return false
}

// leave forgets what only a loop that has ended has asked for.
func (f *failedCalls) leave(e *engine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.left = true
	f.all.Leave(e)
}

// forgetFailures makes all loops forget the failed and stopped calls that match,
// and reports whether there were any. It makes a pass due in every loop.
func forgetFailures(match func(callKey, failure) bool) (found bool) {
	failed.mu.Lock()
	found = failed.all.RemoveAll(match)
	failed.mu.Unlock()
	wakeLoops(false)
	return found
}

// liftFailures has all loops make calls again that have failed for good, since their errors are no
// longer kept. The calls have these numbers in the runner. wakeLoops has to follow.
func (r *runner) liftFailures(numbers []uint64) {
	if len(numbers) == 0 {
		return
	}
	failed.mu.Lock()
	defer failed.mu.Unlock()
	failed.all.Lift(func(id callKey, f failure) bool { return id.runner == r && slices.Contains(numbers, f.number) })
}

// faults is what a loop has said of failures.
type faults struct {
	mu    sync.Mutex // held while OnFailure is called
	flow  string     // the flow's error, as it was last logged; "": it got through since
	times int        // passes in a row that failed
	works map[string]*quota
}

// quota bounds what is logged of the failing calls of one work.
type quota struct {
	since time.Time
	said  int
	left  int // that were not said since
}

// Of each work so many failing calls are logged in a minute; further ones are counted.
const (
	maxFailuresLogged = 10
	failuresLoggedPer = time.Minute
)

// take reports whether one more may be said, and how many were not.
func (q *quota) take(now time.Time) (left int, ok bool) {
	if now.Sub(q.since) >= failuresLoggedPer {
		q.since, q.said = now, 0
	}
	if q.said == maxFailuresLogged {
		q.left++
		return 0, false
	}
	q.said++
	left, q.left = q.left, 0
	return left, true
}

// ofCall says that a call has failed.
func (s *faults) ofCall(e *engine, c *call, f *Failure) {
	f.Work, f.Call, f.Err = c.runner.name, c.node.number, c.shown
	f.Arguments = arguments.Summary(c.values.arguments())
	f.Stack = stackOf(c.shown)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.works[f.Work]
	if q == nil {
		if s.works == nil {
			s.works = map[string]*quota{}
		}
		q = &quota{}
		s.works[f.Work] = q
	}
	if left, ok := q.take(time.Now()); ok {
		e.say("a call has failed", *f, left)
	}
}

// ofFlow notes that the flow has returned an error, and says it, unless it is that of the pass before or
// of a failed call, of which that is said. It returns when the flow is to run again for that, zero if
// the error is one for good, or a failed call is to execute first.
func (s *faults) ofFlow(e *engine, pass uint64, err error) (again time.Time) {
	shown := redact.Error(err, redactedPanic)
	text := preview.Error(shown)
	explained := failed.explains(text, e, pass)
	text = preview.Cut(text, maxFlowError)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times++
	if !explained && !backoff.IsPermanent(err) {
		again = time.Now().Add(RetryPolicy{}.wait(s.times, backoff.Least(err)))
	}
	if text == s.flow {
		return again
	}
	if s.flow = text; !explained {
		e.say("the flow has failed", Failure{Err: shown, Times: s.times, Stack: stackOf(err), Again: again}, 0)
	}
	return again
}

// maxFlowError bounds the text of an error that is logged: one of Await may be that of ten
// thousand calls.
const maxFlowError = 1000

// through notes that the flow got through.
func (s *faults) through(e *engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flow != "" {
		e.logger().Info("the flow gets through again", slog.Int("failed", s.times))
	}
	s.flow, s.times = "", 0
}

// say logs a failure, and tells the hook. more is how many of the work were not said.
func (e *engine) say(message string, f Failure, more int) {
	var attrs []any
	add := func(attr slog.Attr, there bool) {
		if there {
			attrs = append(attrs, attr)
		}
	}
	add(slog.String("work", f.Work), f.Work != "")
	add(slog.Uint64("call", f.Call), f.Call != 0)
	add(slog.String("arguments", f.Arguments), f.Arguments != "")
	add(slog.String("error", preview.Cut(preview.Error(f.Err), maxFlowError)), true)
	add(slog.Int("times", f.Times), true)
	add(slog.Time("again", f.Again), !f.Again.IsZero())
	add(slog.String("stack", f.Stack), f.Stack != "")
	add(slog.String("more", fmt.Sprintf("%d other calls of the work have failed since this was last said of it", more)), more > 0)
	e.log(message, attrs...)
	if hook := e.loop.OnFailure; hook != nil {
		// In a goroutine of its own: one that ends it, as testing.T.FailNow does, is not
		// to end that of an execution.
		told := make(chan struct{})
		go func() {
			defer close(told)
			defer func() {
				if v := recover(); v != nil {
					e.log("OnFailure panicked", slog.Any("error", recovered(flowName, v)))
				}
			}()
			hook(f)
		}()
		<-told
	}
}
